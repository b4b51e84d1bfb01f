import { assert } from '@novacron/base'

/** What one node may choose for itself; times in milliseconds, sizes in bytes. */
export interface MempoolOptions {
  /** A batch is sealed at this size, or when the next header is made. One transaction may be larger. */
  readonly batchBytesMax: number
  /** What is larger than `earlySealBytesMin` is sealed after this, and on its way before a header names it. */
  readonly sealDelayMs: number
  readonly earlySealBytesMin: number
  /**
   * An own batch leaves beside the header that names it, in one write, rather than before it as bulk, if all its copies together
   * have up to this size: so much may the votes of a round have to wait for on a narrow interface, however many members there are.
   */
  readonly besideHeaderBytesMax: number
  /**
   * Own bytes accepted and not committed; beyond it clients are told to wait. Within it the node takes as much as commits in
   * good time, `pendingBytesStart` before it knows, and `pendingBytesMin` at least.
   */
  readonly pendingBytesMax: number
  readonly pendingBytesMin: number
  readonly pendingBytesStart: number
  /** Bytes of one author's batches that are stored and not committed; beyond it only what is asked for is taken. */
  readonly unorderedBytesPerAuthorMax: number
  /** A batch that is named is probably on its way: it is asked for after this. */
  readonly pullDelayMs: number
  /** A pull that is not answered goes to another peer after this. */
  readonly pullRetryMs: number
  /** Batches looked for at once; half of it is kept for those that a certificate or a commit names. */
  readonly pullsMax: number
  readonly pullDigestsMax: number
  /** Bytes that answer one pull; the rest is asked for again. */
  readonly pullAnswerBytesMax: number
  /** The same for whoever is not in the committee. */
  readonly observerAnswerBytesMax: number
  /** What one peer's pulls may cost; beyond it they get nothing. */
  readonly pullBytesPerSecond: number
  /** Commits after which a stored batch that nothing has ordered is dropped. */
  readonly unorderedCommitsMax: number
}

export const defaultMempoolOptions: MempoolOptions = {
  batchBytesMax: 500_000,
  besideHeaderBytesMax: 16_384,
  sealDelayMs: 25,
  earlySealBytesMin: 16_384,
  pendingBytesMax: 32_000_000,
  pendingBytesMin: 65_536,
  pendingBytesStart: 262_144,
  unorderedBytesPerAuthorMax: 64_000_000,
  pullDelayMs: 60,
  pullRetryMs: 250,
  pullsMax: 50_000,
  pullDigestsMax: 64,
  pullAnswerBytesMax: 8_000_000,
  observerAnswerBytesMax: 2_000_000,
  pullBytesPerSecond: 32_000_000,
  unorderedCommitsMax: 2_000
}

export function checkMempoolOptions(options: MempoolOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 0, `${key} is an integer >= 0: ${value}`)
  }
  assert(options.batchBytesMax >= 1_024, 'batchBytesMax >= 1024')
  assert(options.pendingBytesMax >= options.batchBytesMax, 'pendingBytesMax >= batchBytesMax')
  assert(options.pullDigestsMax >= 1 && options.pullDigestsMax <= 256, '1 <= pullDigestsMax <= 256')
}
