import { assert } from '@novacron/base'
import { defaultExecutionOptions } from '@novacron/execution'

/** Limits of the ingest socket. */
export interface IngestOptions {
  /** One frame: envelopes back to back. */
  readonly frameBytesMax: number
  /** The cluster's `transactionBytesMax`. */
  readonly payloadBytesMax: number
  readonly connectionsMax: number
  /** Sessions that one connection sends for. */
  readonly sessionsPerConnectionMax: number
  /** Accepted and not yet committed bytes of one connection, from which on it is not read. */
  readonly inFlightBytesMax: number
  /**
   * A frame that the sink refuses waits this long before it is refused to the client; 0 refuses at once. A refusal leaves a
   * gap in the session until the client sends the same sequences again, and a gap wider than the session's window stops it,
   * so a short wait is the better answer to a short crowd.
   */
  readonly holdMs: number
  /** Time until a refusing sink is asked again when it does not say. */
  readonly retryAfterMs: number
  /** Unread acknowledgements of one client; a client with more is closed. */
  readonly ackBufferBytesMax: number
}

export const defaultIngestOptions: IngestOptions = {
  frameBytesMax: 1_000_000,
  payloadBytesMax: defaultExecutionOptions.transactionBytesMax,
  connectionsMax: 128,
  sessionsPerConnectionMax: 1024,
  inFlightBytesMax: 16_000_000,
  holdMs: 1000,
  retryAfterMs: 20,
  ackBufferBytesMax: 1_000_000
}

export function checkIngestOptions(options: IngestOptions): void {
  for (const [name, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 0, `${name} is an integer >= 0: ${value}`)
  }
  assert(options.frameBytesMax >= 64, 'frameBytesMax >= 64')
  assert(options.payloadBytesMax <= options.frameBytesMax, 'payloadBytesMax <= frameBytesMax')
  assert(options.inFlightBytesMax >= options.frameBytesMax, 'inFlightBytesMax >= frameBytesMax')
  assert(options.connectionsMax >= 1, 'connectionsMax >= 1')
  assert(options.sessionsPerConnectionMax >= 1, 'sessionsPerConnectionMax >= 1')
  assert(options.retryAfterMs >= 1, 'retryAfterMs >= 1')
  assert(options.ackBufferBytesMax >= 4096, 'ackBufferBytesMax >= 4096')
}
