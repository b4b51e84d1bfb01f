import { walkFrame } from '../../src/ingest/envelope-frame.ts'
import type { CommittedRun, IngestSink, Offer } from '../../src/ingest/sink.ts'

/** Takes everything until it is told to refuse. */
export class FakeSink implements IngestSink {
  readonly offered: { count: number; session: string; first: number; last: number }[] = []
  refusing: Offer | undefined
  refusals = 0
  /** Commits what it accepts at once, as a commit of its own. */
  commitsAtOnce = false
  readonly #committed = new Set<(runs: readonly CommittedRun[]) => void>()
  readonly #ready = new Set<() => void>()
  #index = 0

  offer(envelopes: Uint8Array, count: number): Offer {
    if (this.refusing !== undefined) {
      this.refusals += 1
      return this.refusing
    }
    const walked = walkFrame(envelopes, 1e9)
    if (walked.type === 'malformed') throw new Error('malformed')
    for (const { session, first, last } of walked.runs) {
      this.offered.push({ count, session, first, last })
      if (this.commitsAtOnce) setImmediate(() => this.commit(session, first, last))
    }
    return { accepted: true }
  }

  onCommitted(listener: (runs: readonly CommittedRun[]) => void): () => void {
    this.#committed.add(listener)
    return () => this.#committed.delete(listener)
  }

  onReady(listener: () => void): () => void {
    this.#ready.add(listener)
    return () => this.#ready.delete(listener)
  }

  get listenerCount(): number {
    return this.#committed.size + this.#ready.size
  }

  commit(session: string, first: number, last: number, code = 0): void {
    this.#index += 1
    for (const listener of this.#committed) {
      listener([{ session, first, last, index: this.#index, code }])
    }
  }

  go(): void {
    this.refusing = undefined
    for (const listener of this.#ready) listener()
  }
}
