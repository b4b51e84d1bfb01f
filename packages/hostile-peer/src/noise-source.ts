import type { Prng, StreamClass } from '@novacron/base'
import type { Noise } from './misdeed.ts'

const mib = 1024 * 1024
const nonsenseBytes = 200
/** As large as members take them from each other; the mesh of an honest sender would not let more go. */
export const largestBytes: Readonly<Record<StreamClass, number>> = {
  order: mib,
  sync: 8 * mib,
  bulk: 4 * mib
}
/** So much is drawn, and repeated in a large frame. */
const drawnBytes = 65_536

/** Frames that no machine would send, drawn from a seed. */
export class NoiseSource {
  readonly #prng: Prng
  readonly #largest = new Map<StreamClass, Uint8Array>()

  constructor(prng: Prng) {
    this.#prng = prng
  }

  /** The frames of one kind; the largest are the same each time. */
  of(kind: Noise): (streamClass: StreamClass) => Uint8Array {
    if (kind === 'nonsense') return () => this.#draw(nonsenseBytes)
    return streamClass => {
      const known = this.#largest.get(streamClass)
      if (known !== undefined) return known
      const bytes = largestBytes[streamClass]
      const part = this.#draw(drawnBytes)
      const frame = new Uint8Array(bytes)
      for (let at = 0; at < bytes; at += part.length) frame.set(part, at)
      this.#largest.set(streamClass, frame)
      return frame
    }
  }

  #draw(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.#prng.below(256))
  }
}
