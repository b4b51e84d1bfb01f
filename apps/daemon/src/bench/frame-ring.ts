import { assert } from '@novacron/base'
import { encodeEnvelope } from '@novacron/node'
import type { PayloadPlan } from './payload-plan.ts'

const lengthBytes = 4
/** Of an envelope, behind version, application, flags and session. */
const sequenceAt = 19
const envelopeHeaderBytes = 31
const wordSize = 0x1_0000_0000

/** Frames of one connection and the memory that they share. */
export interface FrameRingOptions {
  /** 16 bytes. */
  readonly session: Uint8Array
  readonly transactionsPerFrame: number
  /** Frames that may wait for the socket. */
  readonly frames: number
}

/**
 * Frames that are full of random transactions from the start. To send one, only its numbers are written: nothing is made,
 * copied or drawn for a transaction. A frame comes round again after all others, and not before the socket has taken it.
 */
export class FrameRing {
  readonly transactionsPerFrame: number
  readonly #frames: readonly { readonly bytes: Uint8Array; readonly view: DataView }[]
  readonly #slotBytes: number
  readonly #markAt: number | undefined
  #next = 0
  #inUse = 0

  constructor({ session, transactionsPerFrame, frames }: FrameRingOptions, plan: PayloadPlan) {
    assert(transactionsPerFrame >= 1, 'transactionsPerFrame >= 1')
    assert(frames >= 2, 'frames >= 2')
    this.transactionsPerFrame = transactionsPerFrame
    this.#slotBytes = envelopeHeaderBytes + plan.bytes
    this.#markAt = plan.markAt === undefined ? undefined : envelopeHeaderBytes + plan.markAt
    this.#frames = Array.from({ length: frames }, () => {
      const bytes = new Uint8Array(lengthBytes + transactionsPerFrame * this.#slotBytes)
      for (let i = 0; i < transactionsPerFrame; i++) {
        const payload = plan.make()
        const envelope = { application: plan.application, session, sequence: 0, payload }
        bytes.set(encodeEnvelope(envelope), lengthBytes + i * this.#slotBytes)
      }
      return { bytes, view: new DataView(bytes.buffer) }
    })
  }

  /**
   * The frame of `count` transactions from `first` on, to be given back by `release` in the order in which frames were
   * taken; undefined when all frames wait for the socket.
   */
  take(first: number, count: number): Uint8Array | undefined {
    assert(count >= 1 && count <= this.transactionsPerFrame, `count is 1 or more: ${count}`)
    const frame = this.#frames[this.#next]
    if (frame === undefined || this.#inUse === this.#frames.length) return undefined
    this.#inUse++
    this.#next = (this.#next + 1) % this.#frames.length
    const { bytes, view } = frame
    view.setUint32(0, count * this.#slotBytes)
    for (let i = 0; i < count; i++) {
      const at = lengthBytes + i * this.#slotBytes
      const high = Math.floor((first + i) / wordSize)
      const low = (first + i) >>> 0
      view.setUint32(at + sequenceAt, high)
      view.setUint32(at + sequenceAt + 4, low)
      if (this.#markAt !== undefined) {
        view.setUint32(at + this.#markAt, high)
        view.setUint32(at + this.#markAt + 4, low)
      }
    }
    return count === this.transactionsPerFrame
      ? bytes
      : bytes.subarray(0, lengthBytes + count * this.#slotBytes)
  }

  release(): void {
    this.#inUse--
  }
}
