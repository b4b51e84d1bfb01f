/** One's own header is stored and sent in the same step, a commit is stored once it is made; a miss costs an encoding. */
const keptMax = 16

/**
 * The bytes of the objects that were encoded last, so that what is stored and sent is made once.
 *
 * Not a `WeakMap`: of what it holds for objects in the old generation, or ever held, young collections free nothing
 * (docs/decisions/0025-maps-that-let-go.md).
 */
export class RecentEncodings<T extends object> {
  readonly #objects: (T | undefined)[] = new Array(keptMax).fill(undefined)
  readonly #encodings: Uint8Array[] = new Array(keptMax).fill(new Uint8Array())
  #next = 0

  get(object: T): Uint8Array | undefined {
    const at = this.#objects.indexOf(object)
    return at < 0 ? undefined : this.#encodings[at]
  }

  set(object: T, encoding: Uint8Array): void {
    this.#objects[this.#next] = object
    this.#encodings[this.#next] = encoding
    this.#next = (this.#next + 1) % keptMax
  }
}
