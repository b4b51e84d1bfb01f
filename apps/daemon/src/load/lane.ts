import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Acknowledgement,
  type connectIngest,
  type IngestClient,
  logApplication
} from '@novacron/node'
import type { SequenceRange } from './sequence-set.ts'
import { SessionAnswers } from './session-answers.ts'

/** One session and where it is sent to. */
export interface LaneOptions {
  /** Ingest sockets: the lane's own node first, the others to go on with when that one dies. */
  readonly sockets: readonly string[]
  readonly session: string
  /** Before a refused transaction is sent again. */
  readonly retryMs: number
  /** Before another node is tried after a lost connection. */
  readonly reconnectMs: number
}

export interface LaneNeeds {
  readonly connect: typeof connectIngest
  readonly payload: () => Uint8Array
  /** Each sequence once. */
  readonly onAcknowledged: (range: SequenceRange) => void
  /** What a person should know, such as a lost node. */
  readonly onNote: (note: string) => void
}

/**
 * Sends the transactions of one session, in order, each until it is acknowledged: again under its sequence when it was
 * refused, and through another node when the connection is lost. The session makes sure that none runs twice.
 */
export class Lane {
  readonly #options: LaneOptions
  readonly #needs: LaneNeeds
  readonly #answers: SessionAnswers
  #client: IngestClient | undefined
  #socket = 0
  #sent = 0
  #due = 0
  #isClosed = false
  #reconnecting: Promise<void> | undefined

  constructor(options: LaneOptions, needs: LaneNeeds) {
    this.#options = options
    this.#needs = needs
    const { onAcknowledged, onNote } = needs
    this.#answers = new SessionAnswers({ retryMs: options.retryMs, onAcknowledged, onNote })
  }

  get acknowledged(): number {
    return this.#answers.acknowledged
  }

  /** Neither acknowledged nor refused for good. */
  get outstanding(): number {
    return this.#due - this.#answers.settled
  }

  /** @throws {Fault<IngestClientFault>} when the lane's own node does not answer */
  async connect(): Promise<void> {
    const socketPath = this.#options.sockets[this.#socket] as string
    const client = await this.#needs.connect(
      {
        socketPath,
        session: this.#options.session,
        firstSequence: this.#sent + 1,
        // Every tick flushes.
        coalesceMs: 1_000
      },
      {
        onAcknowledged: records => this.#onRecords(client, records),
        onClosed: () => this.#onClosed(client)
      }
    )
    if (this.#isClosed) client.destroy()
    else this.#client = client
  }

  /** Sends what is to be sent again, then new transactions up to `due` in all, as far as the connection takes them. */
  sendUpTo(due: number, nowMs: number): void {
    this.#due = Math.max(this.#due, due)
    const client = this.#client
    if (client === undefined) return
    if (this.#answers.isHeldBack(nowMs) || !this.#sendAgain(client)) {
      client.flush()
      return
    }
    while (this.#sent < this.#due) {
      if (client.send(logApplication, this.#needs.payload()) === undefined) break
      this.#sent++
    }
    client.flush()
  }

  /** Ends the connection; what is outstanding stays so. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#client?.destroy()
    await this.#reconnecting
  }

  /** False when the connection takes no more. */
  #sendAgain(client: IngestClient): boolean {
    const { resend } = this.#answers
    for (let range = resend[0]; range !== undefined; range = resend[0]) {
      for (let sequence = range.first; sequence <= range.last; sequence++) {
        if (client.sendAs(sequence, logApplication, this.#needs.payload())) continue
        resend[0] = { first: sequence, last: range.last }
        return false
      }
      resend.shift()
    }
    return true
  }

  #onRecords(client: IngestClient, records: readonly Acknowledgement[]): void {
    if (client !== this.#client) return
    for (const record of records) this.#answers.take(record)
  }

  #onClosed(client: IngestClient): void {
    if (client !== this.#client || this.#isClosed) return
    this.#client = undefined
    this.#needs.onNote(`lost ${this.#options.sockets[this.#socket]}, going on through another node`)
    this.#reconnecting = this.#goOn()
  }

  async #goOn(): Promise<void> {
    const { sockets, reconnectMs } = this.#options
    while (!this.#isClosed && this.#client === undefined) {
      this.#socket = (this.#socket + 1) % sockets.length
      try {
        await this.connect()
        this.#answers.startOver(this.#sent)
      } catch {
        await sleep(reconnectMs)
      }
    }
  }
}
