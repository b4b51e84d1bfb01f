import { type Acknowledgement, ingestCodes, resultCodes } from '@novacron/node'
import { type SequenceRange, SequenceSet } from './sequence-set.ts'

/** Who is told of answers, and how long a refusal holds. */
export interface SessionAnswersNeeds {
  /** Before a refused transaction is sent again, unless the node asks for longer. */
  readonly retryMs: number
  /** Each sequence once. */
  readonly onAcknowledged: (range: SequenceRange) => void
  /** What a person should know, such as a refusal for good. */
  readonly onNote: (note: string) => void
}

/** What a node has answered to the transactions of one session, and what is to be sent again. */
export class SessionAnswers {
  readonly #needs: SessionAnswersNeeds
  readonly #acknowledged = new SequenceSet()
  #resend: SequenceRange[] = []
  #retryAt = 0
  #failed = 0
  #refused = 0

  constructor(needs: SessionAnswersNeeds) {
    this.#needs = needs
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** Answered for good: acknowledged, or refused for another reason than a crowd. */
  get settled(): number {
    return this.#acknowledged.size + this.#failed
  }

  /** Transactions that were refused at the socket, each time they were. */
  get refused(): number {
    return this.#refused
  }

  /** Ascending; whoever sends takes out of it what was sent. */
  get resend(): SequenceRange[] {
    return this.#resend
  }

  /** What is to be sent again has to wait. */
  isHeldBack(nowMs: number): boolean {
    return this.#resend.length > 0 && nowMs < this.#retryAt
  }

  take(record: Acknowledgement): void {
    if (record.type === 'committed') this.#onCommitted(record)
    else if (record.type === 'refused') this.#onRefused(record)
  }

  /** On another connection everything up to `sent` that is not acknowledged goes again, at once. */
  startOver(sent: number): void {
    this.#resend = [...this.#acknowledged.missing(sent)]
    this.#retryAt = 0
  }

  #onCommitted(record: Acknowledgement): void {
    const code = resultCodes[record.code]
    // A duplicate is the second copy of what a lost connection left unanswered.
    if (code === 'ok' || code === 'duplicate') {
      for (const range of this.#acknowledged.add(record)) this.#needs.onAcknowledged(range)
    } else if (code === 'window-exceeded') {
      this.#sendLater(record, this.#needs.retryMs)
    } else {
      this.#fail(record, code ?? `code ${record.code}`)
    }
  }

  #onRefused(record: Acknowledgement): void {
    this.#refused += record.last - record.first + 1
    const isForLater = record.code === ingestCodes.busy || record.code === ingestCodes.gap
    if (isForLater) this.#sendLater(record, Math.max(this.#needs.retryMs, record.index))
    else this.#fail(record, nameOfIngestCode(record.code))
  }

  #sendLater({ first, last }: SequenceRange, delayMs: number): void {
    this.#resend.push({ first, last })
    this.#resend.sort((a, b) => a.first - b.first)
    this.#retryAt = performance.now() + delayMs
  }

  #fail({ first, last }: SequenceRange, reason: string): void {
    this.#failed += last - first + 1
    this.#needs.onNote(`transactions ${first} to ${last} of a session were refused: ${reason}`)
  }
}

function nameOfIngestCode(code: number): string {
  const found = Object.entries(ingestCodes).find(([, number]) => number === code)
  return found?.[0] ?? `code ${code}`
}
