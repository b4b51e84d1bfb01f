/** What becomes of the bytes of one direction of a link. */
export interface Flow {
  /** `swallow` reads and drops, so that the sender notices nothing; `hold` keeps them, and lets the sender block. */
  readonly mode: 'pass' | 'swallow' | 'hold'
  readonly delayMs: number
  /** Added to the delay, uniformly from 0; bytes stay in order. */
  readonly jitterMs: number
  /** Of all connections that carry bytes this way together; 0 for no limit. */
  readonly bytesPerSecond: number
  /** Of a chunk to have one bit flipped, 0 to 1. */
  readonly corruptChance: number
}

/**
 * How a link takes connections: `refuse` resets them, those there are included; `half-open` accepts and never forwards, and
 * holds those there are.
 */
export type Door = 'open' | 'refuse' | 'half-open'

/** A link as it is at one time. `forward` is from the side that dials to the side that listens. */
export interface Conditions {
  readonly door: Door
  readonly forward: Flow
  readonly backward: Flow
}

export const quietFlow: Flow = {
  mode: 'pass',
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: 0,
  corruptChance: 0
}

export const quietConditions: Conditions = {
  door: 'open',
  forward: quietFlow,
  backward: quietFlow
}
