import { randomFillSync } from 'node:crypto'
import { encodeKvOperation, kvApplication, logApplication } from '@novacron/node'

/** What the transactions of a run are. */
export type BenchApplication = 'log' | 'kv'

export const kvKeyBytes = 16
/** Kind and length of the key, in front of a put. */
const kvHeadBytes = 3
const markBytes = 8

/** How payloads look: `make` gives one of random bytes, and the number of its transaction is written at `markAt`. */
export interface PayloadPlan {
  readonly application: number
  readonly bytes: number
  make(): Uint8Array
  /** Undefined when payloads are too short to hold a number. */
  readonly markAt: number | undefined
}

/**
 * Payloads that no compressor makes smaller. For `kv`, `transactionBytes` are the bytes of the value, under a key of
 * 16 bytes that no other transaction has.
 */
export function payloadPlan(application: BenchApplication, transactionBytes: number): PayloadPlan {
  if (application === 'log') {
    return {
      application: logApplication,
      bytes: transactionBytes,
      make: () => randomFillSync(new Uint8Array(transactionBytes)),
      markAt: transactionBytes >= markBytes ? 0 : undefined
    }
  }
  return {
    application: kvApplication,
    bytes: kvHeadBytes + kvKeyBytes + transactionBytes,
    make: () => {
      const key = randomFillSync(new Uint8Array(kvKeyBytes))
      const value = randomFillSync(new Uint8Array(transactionBytes))
      return encodeKvOperation({ type: 'put', key, value })
    },
    markAt: kvHeadBytes
  }
}
