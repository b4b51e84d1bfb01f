import { type Digest, type Hash, toHex, Writer } from '@novacron/base'

const chunkBytes = 65_536

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
  #writer = new Writer(chunkBytes + 1_024)
  #state: Uint8Array

  constructor(hash: Hash, onNote?: OnNote) {
    this.#hash = hash
    this.#onNote = onNote
    this.#state = new Uint8Array(32)
  }

  /** One thing that happened at a place: `what` from a closed list, `value` a safe integer >= 0. */
  note(what: string, place: number, value = 0): void {
    this.#onNote?.(what, place, value)
    this.#name(what)
    this.#writer.u16(place).u64(value)
    if (this.#writer.length >= chunkBytes) this.#fold()
  }

  /** Time with microseconds, before what happens at it. */
  at(now: number): void {
    this.#writer.u64(Math.floor(now * 1_000))
  }

  bytes(bytes: Uint8Array): void {
    this.#writer.bytes(bytes)
    if (this.#writer.length >= chunkBytes) this.#fold()
  }

  digest(): Digest {
    this.#fold()
    return toHex(this.#state) as Digest
  }

  #name(text: string): void {
    const known = this.#names.get(text)
    if (known !== undefined) {
      this.#writer.u16(known)
      return
    }
    const id = this.#names.size + 1
    this.#names.set(text, id)
    this.#writer.u16(0).u16(text.length)
    for (let i = 0; i < text.length; i++) this.#writer.u16(text.charCodeAt(i))
  }

  #fold(): void {
    const chunk = this.#writer.finish()
    const whole = new Uint8Array(this.#state.length + chunk.length)
    whole.set(this.#state)
    whole.set(chunk, this.#state.length)
    this.#state = this.#hash(whole).slice()
    this.#writer = new Writer(chunkBytes + 1_024)
  }
}
