import { Fault } from '@novacron/base'
import type { ExecutedCommit, ExecutedRun, ResultCode } from '@novacron/execution'

/** What became of one transaction. */
export interface Settled {
  readonly session: string
  readonly sequence: number
  readonly index: number
  readonly ordinal: number
  readonly code: ResultCode
  /** The id of an opened session. */
  readonly value?: Uint8Array
  /** Of what was written. */
  readonly version?: number
}

type Waiter = (settled: Settled) => void

/** Outcomes that are remembered for `tx.status`, as runs. */
const recentRunsMax = 16_384

/** Who waits for which transaction, and what lately became of others. */
export class Receipts {
  readonly #waiters = new Map<string, Map<number, Waiter[]>>()
  readonly #opens = new Map<string, Waiter>()
  readonly #recent: { readonly index: number; readonly run: ExecutedRun }[] = []
  readonly #waitersMax: number
  #count = 0

  constructor(waitersMax: number) {
    this.#waitersMax = waitersMax
  }

  get count(): number {
    return this.#count
  }

  /** Sessions that somebody waits for. */
  get sessionCount(): number {
    return this.#waiters.size
  }

  /** Resolves when the transaction has been executed here; rejects when `signal` aborts. */
  wait(session: string, sequence: number, signal: AbortSignal): Promise<Settled> {
    return this.#promise(signal, waiter => {
      const bySequence = this.#waiters.get(session) ?? new Map<number, Waiter[]>()
      this.#waiters.set(session, bySequence)
      const list = bySequence.get(sequence) ?? []
      bySequence.set(sequence, list)
      list.push(waiter)
      return () => {
        list.splice(list.indexOf(waiter), 1)
        if (list.length === 0) bySequence.delete(sequence)
        if (bySequence.size === 0) this.#waiters.delete(session)
      }
    })
  }

  /** Resolves with the id of the session that the envelope with this digest opened. */
  waitOpen(openDigest: string, signal: AbortSignal): Promise<Settled> {
    return this.#promise(signal, waiter => {
      this.#opens.set(openDigest, waiter)
      return () => this.#opens.delete(openDigest)
    })
  }

  onExecuted(outcome: ExecutedCommit): void {
    const { index } = outcome
    for (const run of outcome.runs) {
      if (run.openDigest !== undefined) {
        this.#opens.get(run.openDigest)?.(settledOf(index, run, run.firstSequence))
        continue
      }
      this.#remember(index, run)
      const bySequence = this.#waiters.get(run.session)
      if (bySequence === undefined) continue
      for (const [sequence, waiters] of [...bySequence]) {
        if (sequence < run.firstSequence || sequence > run.lastSequence) continue
        for (const waiter of [...waiters]) waiter(settledOf(index, run, sequence))
      }
    }
  }

  /** What became of it, if it was lately; a later duplicate does not hide the first outcome. */
  recent(session: string, sequence: number): Settled | undefined {
    let found: Settled | undefined
    for (let at = this.#recent.length - 1; at >= 0; at--) {
      const { index, run } = this.#recent[at] as { index: number; run: ExecutedRun }
      if (run.session !== session) continue
      if (sequence < run.firstSequence || sequence > run.lastSequence) continue
      found = settledOf(index, run, sequence)
      if (run.code !== 'duplicate') return found
    }
    return found
  }

  #remember(index: number, run: ExecutedRun): void {
    this.#recent.push({ index, run })
    if (this.#recent.length > 2 * recentRunsMax) {
      this.#recent.splice(0, this.#recent.length - recentRunsMax)
    }
  }

  #promise(signal: AbortSignal, register: (waiter: Waiter) => () => void): Promise<Settled> {
    if (this.#count >= this.#waitersMax) {
      return Promise.reject(new Fault({ code: 'busy', retryAfterMs: 100 }))
    }
    this.#count++
    const { promise, resolve, reject } = Promise.withResolvers<Settled>()
    const unregister = register(settled => {
      close()
      resolve(settled)
    })
    const onAbort = (): void => {
      close()
      reject(signal.reason)
    }
    const close = (): void => {
      this.#count--
      unregister()
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    return promise
  }
}

function settledOf(index: number, run: ExecutedRun, sequence: number): Settled {
  const { session, code, value, firstOrdinal, firstSequence, firstVersion } = run
  const place = sequence - firstSequence
  const settled = { session, sequence, index, ordinal: firstOrdinal + place, code }
  if (firstVersion !== undefined) return { ...settled, version: firstVersion + place }
  return value === undefined ? settled : { ...settled, value }
}
