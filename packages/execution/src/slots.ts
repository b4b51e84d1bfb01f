import { decodeFault, Reader, Writer } from '@novacron/base'
import { bucketCount } from './buckets/bucket.ts'
import { type Namespace, namespaces } from './buckets/namespace.ts'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts'

/** Where the row of a bucket is: in one of two places, or in none since the bucket is empty. */
export type Slot = 0 | 1 | 2

/** By namespace and bucket. */
export type Slots = Readonly<Record<Namespace, Uint8Array>>

/** The row `executed`: the last own checkpoint whose rows are all there, and where they are. */
export interface ExecutedRow {
  readonly checkpoint: Checkpoint
  readonly slots: Slots
}

const slotsBytes = bucketCount / 4

/** The checkpoint, then two bits for each bucket of the state and of the sessions, lowest first. */
export function encodeExecuted({ checkpoint, slots }: ExecutedRow): Uint8Array {
  const writer = new Writer(256 + 2 * slotsBytes)
  writeCheckpoint(writer, checkpoint)
  for (const namespace of namespaces) writer.raw(packed(slots[namespace]))
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} also for a row of a build that had one place for each bucket: it names none */
export function decodeExecuted(bytes: Uint8Array): ExecutedRow {
  const reader = new Reader(bytes)
  const checkpoint = readCheckpoint(reader)
  const [state, session] = [readSlots(reader), readSlots(reader)]
  reader.end()
  return { checkpoint, slots: { state, session } }
}

function packed(slots: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(slotsBytes)
  for (const [bucket, slot] of slots.entries()) {
    bytes[bucket >>> 2] = (bytes[bucket >>> 2] as number) | (slot << (2 * (bucket & 3)))
  }
  return bytes
}

function readSlots(reader: Reader): Uint8Array {
  const bytes = reader.raw(slotsBytes)
  const slots = new Uint8Array(bucketCount)
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const slot = ((bytes[bucket >>> 2] as number) >>> (2 * (bucket & 3))) & 3
    if (slot === 3) throw decodeFault({ code: 'bad-value', field: 'slot', value: `${bucket}` })
    slots[bucket] = slot
  }
  return slots
}

/**
 * Gives the rows of a checkpoint places beside those of the one before, so that they can be written one after another: until
 * the row `executed` names the new places, a restart finds the old ones untouched.
 */
export class SlotBook {
  /** Of the checkpoint that the store has, or has been handed. */
  #saved: Slots
  /** Of the one in the making. */
  readonly #next: Slots

  constructor(saved: Slots = { state: emptySlots(), session: emptySlots() }) {
    this.#saved = saved
    this.#next = copyOf(saved)
  }

  /** The place for the next row of a bucket: the one that the saved checkpoint does not use. */
  place(namespace: Namespace, bucket: number): Slot {
    const slot = this.#saved[namespace][bucket] === 1 ? 2 : 1
    this.#next[namespace][bucket] = slot
    return slot
  }

  /** The bucket is empty from the next checkpoint on. */
  clear(namespace: Namespace, bucket: number): void {
    this.#next[namespace][bucket] = 0
  }

  /** The checkpoint in the making is complete: from now on its places are the saved ones. */
  save(): Slots {
    this.#saved = copyOf(this.#next)
    return this.#saved
  }
}

function emptySlots(): Uint8Array {
  return new Uint8Array(bucketCount)
}

function copyOf({ state, session }: Slots): Slots {
  return { state: state.slice(), session: session.slice() }
}
