import { type Digest, digestOf, type Hash, toHex } from '@novacron/base'

/** What happened since the last fold, as words; the digest of everything before comes first. */
const chunkWords = 16_384
const stateWords = 8

/** Hears everything that goes into a trace, and changes nothing. */
export type OnNote = (what: string, place: number, value: number) => void

/**
 * A running digest of everything that happened, so that two runs of a seed can be compared by one value. Texts are written
 * once and then named by number.
 */
export class Trace {
  readonly #hash: Hash
  readonly #onNote: OnNote | undefined
  readonly #names = new Map<string, number>()
  readonly #words = new Uint32Array(chunkWords)
  readonly #bytes = new Uint8Array(this.#words.buffer)
  #length = stateWords

  constructor(hash: Hash, onNote?: OnNote) {
    this.#hash = hash
    this.#onNote = onNote
  }

  /** One thing that happened at a place: `what` from a closed list, `value` a safe integer >= 0. */
  note(what: string, place: number, value = 0): void {
    this.#onNote?.(what, place, value)
    this.#reserve(3)
    this.#put(this.#idOf(what) * 2 ** 16 + place)
    this.#put(value / 2 ** 32)
    this.#put(value)
  }

  /** Time with microseconds, before what happens at it. */
  at(now: number): void {
    const micros = Math.floor(now * 1_000)
    this.#reserve(2)
    this.#put(micros / 2 ** 32)
    this.#put(micros)
  }

  bytes(bytes: Uint8Array): void {
    this.#text(toHex(this.#hash(bytes)))
  }

  digest(): Digest {
    this.#fold()
    return digestOf(this.#hash, this.#bytes.slice(0, stateWords * 4))
  }

  #idOf(text: string): number {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    const id = this.#names.size + 1
    this.#names.set(text, id)
    this.#text(text)
    this.#reserve(3)
    return id
  }

  #text(text: string): void {
    this.#reserve(1)
    this.#put(text.length)
    for (let i = 0; i < text.length; i++) {
      this.#reserve(1)
      this.#put(text.charCodeAt(i))
    }
  }

  /** The low 32 bits. */
  #put(value: number): void {
    this.#words[this.#length++] = value
  }

  #reserve(words: number): void {
    if (this.#length + words > chunkWords) this.#fold()
  }

  #fold(): void {
    this.#bytes.set(this.#hash(this.#bytes.subarray(0, this.#length * 4)))
    this.#length = stateWords
  }
}
