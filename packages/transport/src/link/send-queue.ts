import { chargeOf } from './credit.ts'

const compactAt = 1024

/** Frames that wait for one peer and class: first in, first out, bounded by bytes. */
export class SendQueue {
  readonly #bytesMax: number
  #frames: (Uint8Array | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#frames.length - this.#head
  }

  peek(): Uint8Array | undefined {
    return this.#frames[this.#head]
  }

  /** False when the frame would go beyond the bound; it is then not kept. */
  push(frame: Uint8Array): boolean {
    const charge = chargeOf(frame.length)
    if (this.#bytes + charge > this.#bytesMax) return false
    this.#frames.push(frame)
    this.#bytes += charge
    return true
  }

  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head]
    if (frame === undefined) return undefined
    // The slot must not keep the bytes alive until the next compaction.
    this.#frames[this.#head] = undefined
    this.#head += 1
    this.#bytes -= chargeOf(frame.length)
    if (this.#head >= compactAt && this.#head * 2 >= this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head)
      this.#head = 0
    }
    return frame
  }

  /** Takes out the frames above `lengthMax`. */
  removeLarger(lengthMax: number): readonly Uint8Array[] {
    const kept: Uint8Array[] = []
    const removed: Uint8Array[] = []
    for (let frame = this.shift(); frame !== undefined; frame = this.shift()) {
      if (frame.length > lengthMax) removed.push(frame)
      else kept.push(frame)
    }
    for (const frame of kept) this.push(frame)
    return removed
  }
}
