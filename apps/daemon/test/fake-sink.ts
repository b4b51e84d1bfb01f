import { type CommittedRun, type IngestSink, type Offer, startIngestServer } from '@novacron/node'
import { onTestFinished } from 'vitest'

const headerBytes = 31

/** Takes whatever comes and commits it when told to, or at once. */
export class FakeSink implements IngestSink {
  readonly #listeners = new Set<(runs: readonly CommittedRun[]) => void>()
  readonly held: CommittedRun[] = []
  readonly sequences: number[] = []
  /** Holds what comes until `release`. */
  isHolding = false
  /** Offers that are still to be refused. */
  refusals = 0
  code = 0
  #index = 0

  offer(envelopes: Uint8Array, count: number): Offer {
    if (this.refusals > 0) {
      this.refusals -= 1
      return { accepted: false, retryAfterMs: 1 }
    }
    const view = new DataView(envelopes.buffer, envelopes.byteOffset, envelopes.byteLength)
    let offset = 0
    for (let i = 0; i < count; i++) {
      const session = Buffer.from(envelopes.subarray(offset + 3, offset + 19)).toString('hex')
      const sequence = Number(view.getBigUint64(offset + 19))
      this.sequences.push(sequence)
      this.held.push({ session, first: sequence, last: sequence, index: 1, code: this.code })
      offset += headerBytes + view.getUint32(offset + 27)
    }
    if (!this.isHolding) setImmediate(() => this.release())
    return { accepted: true }
  }

  release(): void {
    this.#index += 1
    const runs = this.held.splice(0).map(run => ({ ...run, index: this.#index }))
    for (const listener of this.#listeners) listener(runs)
  }

  onCommitted(listener: (runs: readonly CommittedRun[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export async function serveFakeSink(socketPath: string, sink: FakeSink = new FakeSink()) {
  const server = await startIngestServer({ socketPath, limits: { holdMs: 0 } }, { sink })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { sink, server }
}
