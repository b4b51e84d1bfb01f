import type { Millis, PeerId } from './brand.ts'

/**
 * Every protocol is a deterministic state machine without IO.
 *
 * The driver's law:
 * 1. One event at a time, in the order of arrival; `step` is never re-entered.
 * 2. Effects are performed in order. A `send` or `broadcast` leaves only when every `persist` with `durable: true` and
 *    every `store-batch` that such a persist follows is on disk; and `drop-batches` lets go no earlier. What goes by `bulk`
 *    may leave at once: it is named by its digest and promises nothing.
 * 3. `now` never goes back. A timer fires at or after its deadline, at most once per `set-timer`; setting it again
 *    replaces it; a stale one is harmless.
 * 4. Events carry `Verified` values only.
 * 5. If `step` throws, the process stops.
 */
export interface Machine<Event, Effect> {
  /** One event in, the effects out, in the order in which the driver must perform them. */
  step(event: Event, now: Millis): readonly Effect[]
}

/** One change to a named table; keys sort as bytes, so integers in them are big-endian. */
export type Write =
  | {
      readonly type: 'put'
      readonly table: string
      readonly key: Uint8Array
      readonly value: Uint8Array
    }
  | { readonly type: 'delete'; readonly table: string; readonly key: Uint8Array }
  | {
      /** Deletes `from <= key < to`. */
      readonly type: 'delete-range'
      readonly table: string
      readonly from: Uint8Array
      readonly to: Uint8Array
    }

/** All writes of one effect are atomic. `durable: false` is a cache that peers or a replay can give back. */
export interface Persist {
  readonly type: 'persist'
  readonly writes: readonly Write[]
  readonly durable: boolean
}

export interface SetTimer {
  readonly type: 'set-timer'
  readonly timer: string
  readonly at: Millis
}

export interface CancelTimer {
  readonly type: 'cancel-timer'
  readonly timer: string
}

/** Which of the three streams to a peer carries a message; `order` goes before `sync` before `bulk`. */
export type StreamClass = 'order' | 'sync' | 'bulk'
export const streamClasses: readonly StreamClass[] = ['order', 'sync', 'bulk']

export interface Send<Message> {
  readonly type: 'send'
  readonly to: PeerId
  readonly class: StreamClass
  readonly message: Message
}

/** To every other member of the committee. */
export interface Broadcast<Message> {
  readonly type: 'broadcast'
  readonly class: StreamClass
  readonly message: Message
}

/** A counter that the driver adds to; names come from one closed list per machine. */
export interface Count {
  readonly type: 'count'
  readonly name: string
  readonly by: number
}

/** A fact for the log, without measuring or formatting: the driver decides where it goes. */
export interface Note {
  readonly type: 'note'
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly facts: Readonly<Record<string, string | number | boolean>>
}
