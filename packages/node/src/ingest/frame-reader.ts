import { emptyBytes, Fault } from '@novacron/base'

export type FrameFault =
  | { readonly code: 'empty-frame' }
  | { readonly code: 'frame-too-large'; readonly length: number; readonly limit: number }

const lengthBytes = 4

/**
 * Cuts a byte stream into `u32 length | frame`. A frame inside one chunk is a view into it, valid until the next `append`;
 * one that spans chunks is put together in a buffer of its own, which is allocated after its length was checked.
 */
export class FrameReader {
  readonly #frameBytesMax: number
  #rest: Uint8Array = emptyBytes
  #lengthSoFar = 0
  #lengthDigits = 0
  #frame: Uint8Array | undefined
  #filled = 0

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  append(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
  }

  /** The next whole frame, undefined until more bytes come. @throws {Fault<FrameFault>} */
  next(): Uint8Array | undefined {
    while (this.#rest.length > 0) {
      if (this.#frame !== undefined) {
        const frame = this.#fill(this.#frame)
        if (frame !== undefined) return frame
      } else if (this.#readLength()) {
        const length = this.#checkLength()
        if (this.#rest.length >= length) return this.#take(length)
        this.#frame = new Uint8Array(length)
        this.#filled = 0
      }
    }
    return undefined
  }

  /** True when all four bytes of the length are there. */
  #readLength(): boolean {
    while (this.#lengthDigits < lengthBytes) {
      const byte = this.#rest[0]
      if (byte === undefined) return false
      this.#lengthSoFar = this.#lengthSoFar * 256 + byte
      this.#lengthDigits += 1
      this.#rest = this.#rest.subarray(1)
    }
    return true
  }

  #checkLength(): number {
    const length = this.#lengthSoFar
    this.#lengthSoFar = 0
    this.#lengthDigits = 0
    if (length === 0) throw new Fault<FrameFault>({ code: 'empty-frame' })
    const limit = this.#frameBytesMax
    if (length > limit) throw new Fault<FrameFault>({ code: 'frame-too-large', length, limit })
    return length
  }

  #take(length: number): Uint8Array {
    const frame = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return frame
  }

  #fill(frame: Uint8Array): Uint8Array | undefined {
    const part = this.#take(Math.min(this.#rest.length, frame.length - this.#filled))
    frame.set(part, this.#filled)
    this.#filled += part.length
    if (this.#filled < frame.length) return undefined
    this.#frame = undefined
    return frame
  }
}
