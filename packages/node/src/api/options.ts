import { assert } from '@novacron/base'

/** Rounds in one `consensus.dag` window. */
export const dagRoundsMax = 100
/** Entries in one `log.range` page. */
export const logEntriesMax = 1000
/** Payload bytes in one `log.range` page before base64, which makes 4 bytes of 3; one larger entry still goes alone. */
export const logBytesMax = 700_000
/** Commits in one `log.commits` page, about 90 bytes each. */
export const commitsMax = 5000
export const kvEntriesMax = 1000
/** The longest that a caller may wait for its transaction. */
export const waitMsMax = 60_000

/** Limits of the control API: what one caller, or all together, may take. */
export interface ApiOptions {
  /** Request body over HTTP, and message over WebSocket. */
  readonly bodyBytesMax: number
  readonly batchLengthMax: number
  /** All request headers together; Node answers 431 beyond it. */
  readonly headerBytesMax: number
  /** From the first byte (or the connection) to the end of the headers: bounds a slow loris. */
  readonly headersTimeoutMs: number
  /** From the first byte to the end of the body. */
  readonly bodyTimeoutMs: number
  /** For a method to answer; over `waitMsMax`, so that a wait ends with its own error. */
  readonly callTimeoutMs: number
  /** Open connections of one listener, WebSockets included; one more is closed at once. */
  readonly connectionsMax: number
  /** WebSocket connections over all listeners. */
  readonly subscribersMax: number
  readonly subscriptionsPerClientMax: number
  /** Notifications that a client may be behind before it is closed. */
  readonly subscriptionBufferMax: number
  /** Commits that a reader of the log may be behind before it is closed: some seconds of turbo. It costs no memory. */
  readonly subscriptionCommitsMax: number
  /** Messages of one WebSocket that are being answered; it is not read while there are as many. */
  readonly callsPerClientMax: number
  /** Messages of one WebSocket that arrived in one chunk and wait for those in progress; more end the connection. */
  readonly messagesWaitingMax: number
  /** Unsent bytes of one WebSocket before nothing more is written to it. */
  readonly socketBufferBytesMax: number
  /** Between pings; a WebSocket that answered none since the last one is closed. */
  readonly pingIntervalMs: number
}

/** Where CometBFT has the same limit, its default (config.toml of 0.38). */
export const defaultApiOptions: ApiOptions = {
  bodyBytesMax: 1_000_000,
  batchLengthMax: 10,
  headerBytesMax: 16_384,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  callTimeoutMs: waitMsMax + 5_000,
  connectionsMax: 900,
  subscribersMax: 100,
  subscriptionsPerClientMax: 5,
  subscriptionBufferMax: 200,
  subscriptionCommitsMax: 2_000,
  callsPerClientMax: 64,
  messagesWaitingMax: 4096,
  socketBufferBytesMax: 4_000_000,
  pingIntervalMs: 30_000
}

export function checkApiOptions(options: ApiOptions): void {
  for (const [name, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${name} is an integer >= 1: ${value}`)
  }
  assert(options.bodyBytesMax >= 1024, 'bodyBytesMax >= 1024')
  assert(options.headerBytesMax >= 1024, 'headerBytesMax >= 1024')
  assert(options.bodyTimeoutMs >= options.headersTimeoutMs, 'bodyTimeoutMs >= headersTimeoutMs')
}
