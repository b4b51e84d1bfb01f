import { type Digest, toHex } from '@novacron/base'
import type { ExecutedCommit, ExecutedRun } from '@novacron/execution'
import type { Receipt } from './machine.ts'

/** Nobody's: a transaction that no client has made. */
const nobody = -1

/** Reads from the results of a commit which client's requests were run: sessions are known by who opened them. */
export class ExactReceipts {
  readonly #asked = new Map<Digest, number>()
  readonly #clientOf = new Map<string, number>()

  /** The envelope with this digest asks for a session of the client. */
  asked(client: number, openDigest: Digest): void {
    this.#asked.set(openDigest, client)
  }

  of(outcome: ExecutedCommit): Receipt[] {
    const receipts: Receipt[] = []
    for (const run of outcome.runs) this.#add(run, receipts)
    return receipts
  }

  #add(run: ExecutedRun, receipts: Receipt[]): void {
    const { openDigest, code, value } = run
    if (openDigest !== undefined) {
      const client = this.#asked.get(openDigest) ?? nobody
      if (code !== 'ok' || value === undefined) return
      this.#clientOf.set(toHex(value), client)
      receipts.push({ client, sequence: 0, isApplied: true, session: value })
      return
    }
    const isApplied = code === 'ok'
    if (!isApplied && code !== 'duplicate') return
    const client = this.#clientOf.get(run.session) ?? nobody
    for (let sequence = run.firstSequence; sequence <= run.lastSequence; sequence++) {
      receipts.push({ client, sequence, isApplied })
    }
  }
}
