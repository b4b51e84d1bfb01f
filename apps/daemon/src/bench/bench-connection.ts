import { connect, type Socket } from 'node:net'
import { fromHex } from '@novacron/base'
import { AcknowledgementReader } from '@novacron/node'
import type { SequenceRange } from '../load/sequence-set.ts'
import { SessionAnswers } from '../load/session-answers.ts'
import { FrameRing } from './frame-ring.ts'
import type { PayloadPlan } from './payload-plan.ts'

/** One connection: where to, in which session, and how much memory its frames take. */
export interface BenchConnectionOptions {
  /** Ingest sockets: its own node first, the others to go on with when that one dies. */
  readonly sockets: readonly string[]
  readonly session: string
  readonly transactionsPerFrame: number
  readonly frames: number
  /** Before a refused transaction is sent again, or another node is tried. */
  readonly retryMs: number
}

export interface BenchConnectionNeeds {
  readonly plan: PayloadPlan
  /** Each sequence once. */
  readonly onAcknowledged: (range: SequenceRange) => void
  readonly onNote: (note: string) => void
}

/**
 * Sends the transactions of one session in frames that were made before, and sends again what was refused or what a lost
 * connection left unanswered.
 */
export class BenchConnection {
  readonly #options: BenchConnectionOptions
  readonly #needs: BenchConnectionNeeds
  readonly #answers: SessionAnswers
  readonly #lostSockets = new Set<string>()
  #ring: FrameRing
  #socket: Socket | undefined
  #place = 0
  #sent = 0
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: BenchConnectionOptions, needs: BenchConnectionNeeds) {
    this.#options = options
    this.#needs = needs
    const { onAcknowledged, onNote } = needs
    this.#answers = new SessionAnswers({ retryMs: options.retryMs, onAcknowledged, onNote })
    this.#ring = this.#newRing()
  }

  get acknowledged(): number {
    return this.#answers.acknowledged
  }

  /** Transactions that the node refused as busy, each time they were. */
  get refused(): number {
    return this.#answers.refused
  }

  /** Answered for good: acknowledged, or refused for another reason than a crowd. */
  get settled(): number {
    return this.#answers.settled
  }

  /** Resolves when the connection is up. */
  async connect(): Promise<void> {
    const socket = connect({ path: this.#options.sockets[this.#place] as string })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    if (this.#isClosed) {
      socket.destroy()
      return
    }
    const reader = new AcknowledgementReader()
    socket.on('data', chunk => {
      for (const record of reader.push(chunk)) this.#answers.take(record)
    })
    socket.on('error', () => undefined)
    socket.once('close', () => this.#onClosed(socket))
    this.#socket = socket
  }

  /** Sends what is to be sent again, then new transactions up to `due` in all, as far as the socket takes them. */
  sendUpTo(due: number, nowMs: number): void {
    const socket = this.#socket
    if (socket === undefined || this.#answers.isHeldBack(nowMs)) return
    const { resend } = this.#answers
    for (let range = resend[0]; range !== undefined; range = resend[0]) {
      const next = this.#send(socket, range.first, range.last)
      if (next <= range.last) {
        resend[0] = { first: next, last: range.last }
        break
      }
      resend.shift()
    }
    if (resend.length === 0) this.#sent = this.#send(socket, this.#sent + 1, due) - 1
  }

  /** Cuts the connection; what is outstanding stays so. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#socket?.destroy()
  }

  /** The first sequence that the socket did not take, `last + 1` when it took all. */
  #send(socket: Socket, first: number, last: number): number {
    const ring = this.#ring
    const release = (): void => ring.release()
    let next = first
    while (next <= last) {
      const count = Math.min(ring.transactionsPerFrame, last - next + 1)
      const frame = ring.take(next, count)
      if (frame === undefined) break
      socket.write(frame, release)
      next += count
    }
    return next
  }

  #onClosed(socket: Socket): void {
    if (socket !== this.#socket || this.#isClosed) return
    this.#socket = undefined
    this.#tellLost()
    // The old socket may still hold frames of the old ring.
    this.#ring = this.#newRing()
    this.#retry = setTimeout(() => this.#goOn(), this.#options.retryMs)
  }

  /** Once of each: a node that takes no more connections closes every one that is made. */
  #tellLost(): void {
    const { sockets } = this.#options
    const lost = sockets[this.#place] as string
    if (this.#lostSockets.has(lost)) return
    this.#lostSockets.add(lost)
    const next = sockets.length === 1 ? 'trying again' : 'going on through another node'
    this.#needs.onNote(`lost ${lost}, ${next}`)
  }

  #goOn(): void {
    const { sockets, retryMs } = this.#options
    this.#place = (this.#place + 1) % sockets.length
    this.connect().then(
      () => {
        this.#answers.startOver(this.#sent)
      },
      () => {
        if (!this.#isClosed) this.#retry = setTimeout(() => this.#goOn(), retryMs)
      }
    )
  }

  #newRing(): FrameRing {
    const { session, transactionsPerFrame, frames } = this.#options
    return new FrameRing(
      { session: fromHex(session), transactionsPerFrame, frames },
      this.#needs.plan
    )
  }
}
