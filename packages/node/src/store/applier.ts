import type { Journal } from './journal.ts'
import { type Operation, sealValue } from './operation.ts'
import { databaseKey } from './table-key.ts'
import { encodeMark, type Mark } from './write-codec.ts'

/** A table of the store itself; its one row says how far the database has come. */
export const markTable = 'journal'
export const markKey: Uint8Array = Uint8Array.of(0)

interface ApplierOptions {
  /** What is journaled is in the database after about this long. */
  readonly applyDelayMs: number
  /** Half of it is applied at once; beyond it a flush waits. */
  readonly unappliedBytesMax: number
}

interface ApplierNeeds {
  readonly journal: Journal
  /** One atomic and durable write to the database. */
  readonly apply: (operations: readonly Operation[]) => Promise<void>
  /** Why nothing may be written any more. A full disk is no reason: what is journaled was let in before. */
  readonly refusal: () => Error | undefined
  /** Returns what is to be thrown. */
  readonly onFailure: (error: unknown) => Error
}

/** Brings what is journaled into the database, the operations of many flushes in one write; one write at a time. */
export class Applier {
  readonly #options: ApplierOptions
  readonly #needs: ApplierNeeds
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** A write failed, and nobody knows whether the database has it: nothing more before `applyAgain`. */
  #trouble: Error | undefined

  constructor(options: ApplierOptions, needs: ApplierNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** Something was journaled: sees to it that the database gets it. */
  schedule(): void {
    const { applyDelayMs, unappliedBytesMax } = this.#options
    const { journal } = this.#needs
    if (journal.waitingBytes === 0) return
    if (journal.waitingBytes >= unappliedBytesMax / 2) this.#begin()
    else this.#timer ??= setTimeout(() => this.#begin(), applyDelayMs).unref()
  }

  /** Resolves when there is room for more in memory. */
  async makeRoom(): Promise<void> {
    if (this.#needs.journal.waitingBytes >= this.#options.unappliedBytesMax) await this.drain()
  }

  /** Resolves when everything that was journaled before is in the database. Rejects with what `onFailure` gave. */
  async drain(): Promise<void> {
    const goal = this.#needs.journal.waiting.at(-1)?.number ?? 0
    while ((this.#needs.journal.waiting[0]?.number ?? goal + 1) <= goal) await this.#apply()
  }

  /** Operations that go past the journal; nothing may be appended to it meanwhile. Rejects like `drain`. */
  async applyDirectly(operations: readonly Operation[]): Promise<void> {
    await this.drain()
    this.#refuse()
    await this.#write(operations, this.#needs.journal.skip())
  }

  /** Nothing is written by itself from now on until `applyAgain`; resolves when nothing is under way. */
  async hold(reason: Error): Promise<void> {
    this.#trouble = reason
    await this.idle()
  }

  /**
   * After `hold`, and after a write that the database may have or not: writes what is journaled, and the mark in any case, so
   * that the next record follows on it. Nothing may be appended meanwhile.
   */
  async applyAgain(): Promise<void> {
    const { journal } = this.#needs
    const { mark } = journal
    const operations = journal.waiting.flatMap(record => record.operations)
    await this.#write(operations, mark)
    journal.onApplied(mark.number)
    this.#trouble = undefined
  }

  /** Resolves when no write of it is under way. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  /** Begins nothing more by itself. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // A failure is kept in the state and told to its owner; nobody waits here.
    this.#apply().then(
      () => this.schedule(),
      () => undefined
    )
  }

  #apply(): Promise<void> {
    this.#running ??= this.#applyWaiting().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #applyWaiting(): Promise<void> {
    const { journal } = this.#needs
    const records = journal.waiting
    const last = records.at(-1)
    if (last === undefined) return
    this.#refuse()
    const operations = records.flatMap(record => record.operations)
    await this.#write(operations, last)
    journal.onApplied(last.number)
  }

  #refuse(): void {
    const reason = this.#needs.refusal() ?? this.#trouble
    if (reason !== undefined) throw reason
  }

  async #write(operations: readonly Operation[], mark: Mark): Promise<void> {
    try {
      await this.#needs.apply([...operations, markRow(mark)])
    } catch (error) {
      this.#trouble = this.#needs.onFailure(error)
      throw this.#trouble
    }
  }
}

/** The row that says how far the database has come; written with what brings it there. */
export function markRow(mark: Mark): Operation {
  const key = databaseKey(markTable, markKey)
  return { type: 'put', key, value: sealValue(key, encodeMark(mark)) }
}
