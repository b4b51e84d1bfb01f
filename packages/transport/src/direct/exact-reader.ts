import { concatBytes } from '@novacron/base'
import type { RawStream } from '../link/raw-stream.ts'

/** Bytes of a peer that nobody has asked for yet; beyond it the stream is given up. */
const waitingBytesMax = 1024

/** Reads messages of known length from a stream; whoever makes it does so at once when the stream appears. */
export class ExactReader {
  readonly #stream: RawStream
  #waiting: Uint8Array = new Uint8Array(0)
  #wanted: { readonly length: number; readonly resolve: (bytes: Uint8Array) => void } | undefined
  readonly #ended = Promise.withResolvers<never>()
  readonly #end = new AbortController()

  constructor(stream: RawStream, signal: AbortSignal) {
    this.#stream = stream
    // It ends whether or not somebody waits for more.
    this.#ended.promise.catch(() => this.#end.abort())
    stream.addEventListener('message', ({ data }) => {
      this.#take(data instanceof Uint8Array ? data : concatBytes([...data]))
    })
    const end = (): void => this.#ended.reject(new Error('stream ended'))
    stream.addEventListener('close', end)
    stream.addEventListener('remoteCloseWrite', end)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  }

  /** Aborted when the peer will say nothing more, or the time is over. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** @throws {Error} when the stream ends or the time is over before there are so many. */
  read(length: number): Promise<Uint8Array> {
    const taken = Promise.withResolvers<Uint8Array>()
    this.#wanted = { length, resolve: taken.resolve }
    this.#give()
    return Promise.race([taken.promise, this.#ended.promise])
  }

  #take(bytes: Uint8Array): void {
    if (this.#waiting.length + bytes.length > waitingBytesMax) {
      this.#ended.reject(new Error('more than was asked for'))
      this.#stream.abort(new Error('more than was asked for'))
      return
    }
    this.#waiting = concatBytes([this.#waiting, bytes])
    this.#give()
  }

  #give(): void {
    const wanted = this.#wanted
    if (wanted === undefined || this.#waiting.length < wanted.length) return
    this.#wanted = undefined
    const bytes = this.#waiting.slice(0, wanted.length)
    this.#waiting = this.#waiting.slice(wanted.length)
    wanted.resolve(bytes)
  }
}
