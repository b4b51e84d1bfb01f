import { assert } from '@novacron/base'

/** What a decoder takes, whatever the options say. */
export const pieceBytesLimit = 1_048_576
export const objectBytesLimit = 67_108_864

export interface SnapshotOptions {
  /** A request that is not answered goes to another peer after this. */
  readonly requestTimeoutMs: number
  /** As soon as that, when answers come much sooner. */
  readonly requestTimeoutMsMin: number
  /** How often deadlines are looked at. */
  readonly tickMs: number
  /** Requests under way to one peer. */
  readonly requestsPerPeerMax: number
  /** Peers asked for a manifest at once; the first good one counts. */
  readonly manifestPeersMax: number
  /** Peers known at once. */
  readonly peersMax: number
  /** Buckets asked for in one request; several requests share the work among peers. */
  readonly rangeBuckets: number
  /** Largest bucket or `extra` that is fetched. */
  readonly objectBytesMax: number
}

export const defaultSnapshotOptions: SnapshotOptions = {
  requestTimeoutMs: 5_000,
  requestTimeoutMsMin: 1_000,
  tickMs: 250,
  requestsPerPeerMax: 2,
  manifestPeersMax: 3,
  peersMax: 64,
  rangeBuckets: 64,
  objectBytesMax: 16_777_216
}

export function checkSnapshotOptions(options: SnapshotOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${key} is an integer >= 1: ${value}`)
  }
  assert(options.objectBytesMax <= objectBytesLimit, `objectBytesMax <= ${objectBytesLimit}`)
  assert(options.rangeBuckets <= 4_096, 'rangeBuckets <= 4096')
}

export interface SnapshotServerOptions {
  /** Content of one answer; under the smallest frame that a peer takes (256 KiB for observers). */
  readonly answerBytesMax: number
}

export const defaultSnapshotServerOptions: SnapshotServerOptions = { answerBytesMax: 196_608 }

export function checkSnapshotServerOptions({ answerBytesMax }: SnapshotServerOptions): void {
  const isInRange = answerBytesMax >= 1_024 && answerBytesMax <= pieceBytesLimit
  assert(isInRange, `1024 <= answerBytesMax <= ${pieceBytesLimit}: ${answerBytesMax}`)
}
