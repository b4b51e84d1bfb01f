import type { Socket } from 'node:net'
import type { Flow } from './conditions.ts'
import type { TokenBucket } from './token-bucket.ts'

/** Bytes of one direction that wait here; beyond it the sender is not read, until half of it has left. */
export const pipeBytesMax: number = 256 * 1024
/** What a connection asks of a limited way at a time, so that several of them take turns. */
const turnBytes = 8 * 1024

export interface PipeNeeds {
  /** As it is now; looked at for every chunk. */
  readonly flow: () => Flow
  readonly random: () => number
  readonly onPassed: (bytes: number) => void
  readonly onSwallowed: (bytes: number) => void
  /** Where the rate of the flow is kept, with every other connection that carries bytes the same way. */
  readonly bucket: TokenBucket
  /** What this direction shares with others, such as all that a node sends. */
  readonly shared?: readonly Bottleneck[]
}

/** Something that bytes pass one after the other, at a rate. */
export class Bottleneck {
  readonly #bytesPerSecond: number
  #freeAt = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** When the last of `bytes` more has passed, if they come at `now`; milliseconds. */
  pass(bytes: number, now: number): number {
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / this.#bytesPerSecond) * 1_000
    return this.#freeAt
  }
}

interface Waiting {
  readonly chunk: Buffer
  readonly dueAt: number
}

/** Carries the bytes of one direction of one connection, in order, late, slowly, damaged or not at all. */
export class Pipe {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #needs: PipeNeeds
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #isSinkFull = false
  #hasEnded = false
  /** When the head of those that wait may leave by the rate, once it has asked. */
  #turnAt: number | undefined
  #lastDueAt = 0
  #hasLostBytes = false

  constructor(source: Socket, sink: Socket, needs: PipeNeeds) {
    this.#source = source
    this.#sink = sink
    this.#needs = needs
    source.on('data', chunk => this.#take(chunk as Buffer))
    source.on('end', () => {
      this.#hasEnded = true
      this.update()
    })
    source.once('close', () => clearTimeout(this.#timer))
    sink.on('drain', () => {
      this.#isSinkFull = false
      this.update()
    })
  }

  /** True when bytes in the middle are gone, so that the rest means nothing. */
  get hasLostBytes(): boolean {
    return this.#hasLostBytes
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Gives on what is due; call it when the flow has changed. */
  update(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#source.destroyed || this.#sink.destroyed) return
    const { mode, bytesPerSecond } = this.#needs.flow()
    if (mode === 'hold' || this.#isSinkFull) return
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const inMs = this.#leavesAt(head, bytesPerSecond) - performance.now()
      if (inMs > 0) {
        this.#timer = setTimeout(() => this.update(), Math.ceil(inMs))
        return
      }
      this.#turnAt = undefined
      this.#waiting.shift()
      this.#give(head.chunk)
      if (this.#isSinkFull) return
    }
    if (this.#hasEnded && !this.#sink.writableEnded) this.#sink.end()
  }

  /** The rate is asked for by the head alone, when it is due: who has much waiting takes no more turns than others. */
  #leavesAt({ chunk, dueAt }: Waiting, bytesPerSecond: number): number {
    const now = performance.now()
    if (bytesPerSecond === 0 || dueAt > now) return dueAt
    this.#turnAt ??= this.#needs.bucket.reserve(chunk.length, bytesPerSecond, now)
    return this.#turnAt
  }

  #take(chunk: Buffer): void {
    const flow = this.#needs.flow()
    if (flow.mode === 'swallow') {
      this.#hasLostBytes = true
      this.#needs.onSwallowed(chunk.length)
      return
    }
    const dueAt = this.#dueAt(chunk.length, flow)
    const given = this.#damaged(chunk, flow)
    for (let at = 0; at < given.length; at += turnBytes) {
      this.#waiting.push({ chunk: given.subarray(at, at + turnBytes), dueAt })
    }
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes >= pipeBytesMax) this.#source.pause()
    if (this.#timer === undefined) this.update()
  }

  #dueAt(bytes: number, { delayMs, jitterMs }: Flow): number {
    const now = performance.now()
    const lateMs = delayMs + jitterMs * this.#needs.random()
    let passedAt = now
    for (const each of this.#needs.shared ?? []) {
      passedAt = Math.max(passedAt, each.pass(bytes, now))
    }
    this.#lastDueAt = Math.max(this.#lastDueAt, passedAt + lateMs)
    return this.#lastDueAt
  }

  #damaged(chunk: Buffer, { corruptChance }: Flow): Buffer {
    if (corruptChance === 0 || this.#needs.random() >= corruptChance) return chunk
    const at = Math.floor(this.#needs.random() * chunk.length)
    chunk[at] = (chunk[at] ?? 0) ^ (1 << Math.floor(this.#needs.random() * 8))
    return chunk
  }

  #give(chunk: Buffer): void {
    this.#waitingBytes -= chunk.length
    this.#needs.onPassed(chunk.length)
    if (!this.#sink.write(chunk)) this.#isSinkFull = true
    if (this.#source.isPaused() && this.#waitingBytes <= pipeBytesMax / 2) this.#source.resume()
  }
}
