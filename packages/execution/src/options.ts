import { assert } from '@novacron/base'

/** Equal in the whole cluster, since results depend on them: part of the genesis. */
export interface ExecutionOptions {
  /** Payload of one envelope. */
  readonly transactionBytesMax: number
  /** Keys, values and a fixed charge for each entry; what would go beyond it gets `state-full`. */
  readonly stateBytesMax: number
  /**
   * The same charge within one bucket. Anybody can search keys that fall into one bucket, which would grow it without end,
   * and a bucket is what is hashed, stored and sent as a whole.
   */
  readonly bucketBytesMax: number
  readonly sessionsMax: number
  /** Commits without a transaction after which a session may be evicted for a new one. */
  readonly sessionIdleCommitsMin: number
}

export const defaultExecutionOptions: ExecutionOptions = {
  transactionBytesMax: 131_072,
  stateBytesMax: 268_435_456,
  bucketBytesMax: 1_048_576,
  sessionsMax: 65_536,
  sessionIdleCommitsMin: 1_000
}

/** A frame that carries one bucket must stay possible. */
const bucketBytesCeiling = 4_194_304

export function checkExecutionOptions(options: ExecutionOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${key} is an integer >= 1: ${value}`)
  }
  const { transactionBytesMax, bucketBytesMax, stateBytesMax } = options
  assert(transactionBytesMax >= 64, 'transactionBytesMax >= 64: an open must fit')
  assert(
    bucketBytesMax >= transactionBytesMax + 2_048,
    'bucketBytesMax >= transactionBytesMax + 2048'
  )
  assert(bucketBytesMax <= bucketBytesCeiling, `bucketBytesMax <= ${bucketBytesCeiling}`)
  assert(stateBytesMax >= bucketBytesMax, 'stateBytesMax >= bucketBytesMax')
}
