import type { ObjectName } from './messages.ts'

/** An object whose pieces come in order, all from one peer, so that it is clear who is to blame when it is wrong. */
export class Assembly {
  readonly object: ObjectName
  readonly #bytesMax: number
  readonly #pieces: Uint8Array[] = []
  #receivedBytes = 0
  #sizeBytes: number | undefined

  /** `sizeBytes` when it is known before the first piece. */
  constructor(object: ObjectName, bytesMax: number, sizeBytes?: number) {
    this.object = object
    this.#bytesMax = bytesMax
    this.#sizeBytes = sizeBytes
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get isWhole(): boolean {
    return this.#receivedBytes === this.#sizeBytes
  }

  /** Copies the piece. False when it does not fit to what came before, is empty, or makes the object too large. */
  add(offset: number, sizeBytes: number, bytes: Uint8Array): boolean {
    const end = offset + bytes.length
    const fits =
      offset === this.#receivedBytes &&
      sizeBytes === (this.#sizeBytes ?? sizeBytes) &&
      sizeBytes <= this.#bytesMax &&
      bytes.length > 0 &&
      end <= sizeBytes
    if (!fits) return false
    this.#sizeBytes = sizeBytes
    this.#pieces.push(bytes.slice())
    this.#receivedBytes = end
    return true
  }

  whole(): Uint8Array {
    const whole = new Uint8Array(this.#receivedBytes)
    let offset = 0
    for (const piece of this.#pieces) {
      whole.set(piece, offset)
      offset += piece.length
    }
    return whole
  }
}
