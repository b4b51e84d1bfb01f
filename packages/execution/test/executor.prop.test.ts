import { toHex } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ExecutedCommit,
  type Executor,
  encodeEnvelope,
  persistWrites,
  restoreExecutor
} from '../src/index.ts'
import { Chain, epoch, join, kvOf, logOf, needs, openOf, putOf, text } from './fixtures.ts'
import { Table } from './table.ts'

const options = { sessionsMax: 3, sessionIdleCommitsMin: 2 }

/** A transaction by small numbers: which of the sessions so far, how far from its next sequence, what. */
const transaction = fc.record({
  kind: fc.constantFrom('open', 'log', 'put', 'delete', 'compare', 'bad', 'garbage'),
  session: fc.nat(5),
  offset: fc.constantFrom(1, 1, 1, 0, 2, -1, 1_030),
  key: fc.nat(6)
})
type Drawn = typeof transaction extends fc.Arbitrary<infer T> ? T : never
const commits = fc.array(fc.array(transaction, { maxLength: 6 }), { minLength: 1, maxLength: 14 })

/** Turns numbers into bytes while it runs them, since ids of sessions come out of the log. */
class Writer {
  readonly log = new Chain(options)
  readonly ids: Uint8Array[] = []

  commit(drawn: readonly Drawn[]): ExecutedCommit {
    const outcome = this.log.run(...drawn.map(item => this.#encode(item)))
    for (const run of outcome.runs) {
      if (run.openDigest !== undefined && run.value !== undefined) this.ids.push(run.value)
    }
    return outcome
  }

  #encode({ kind, session, offset, key }: Drawn): Uint8Array {
    if (kind === 'open') return openOf(key)
    const id = this.ids[session % Math.max(1, this.ids.length)] ?? new Uint8Array(16).fill(1)
    const contiguous = this.log.executor.session(toHex(id))?.contiguous ?? 0
    const sequence = Math.max(1, contiguous + offset)
    const name = text(`key-${key}`)
    switch (kind) {
      case 'log':
        return logOf(id, sequence, 'payload')
      case 'put':
        return putOf(id, sequence, `key-${key}`, `value-${sequence}`)
      case 'delete':
        return kvOf(id, sequence, { type: 'delete', key: name })
      case 'compare': {
        const version = this.log.executor.kvGet(name)?.version ?? 0
        return kvOf(id, sequence, { type: 'compare-and-set', key: name, version, value: name })
      }
      case 'bad':
        return encodeEnvelope({ application: 2, session: id, sequence, payload: text('?') })
      default:
        return join(logOf(id, sequence), text('no envelope'))
    }
  }
}

function rootsOf(executor: Executor): string {
  const { stateRoot, sessionRoot } = executor.takeCheckpoint(epoch).checkpoint
  return `${stateRoot}/${sessionRoot}`
}

test('from whatever checkpoint the log is replayed, outcomes and roots are the same', () => {
  fc.assert(
    fc.property(commits, fc.nat(), (drawn, place) => {
      const writer = new Writer()
      const { log } = writer
      const table = new Table()
      const restartAt = place % drawn.length
      const outcomes: ExecutedCommit[] = []
      for (const [i, transactions] of drawn.entries()) {
        outcomes.push(writer.commit(transactions))
        // Checkpoints before it too, so that the rows come from several writes.
        if (i > restartAt) continue
        log.executor.takeCheckpoint(epoch)
        table.write(persistWrites(log.executor))
      }
      const restored = restoreExecutor(options, needs, table.rows())
      expect(restored.index).toBe(restartAt + 1)
      for (const commit of log.commits.slice(restartAt + 1)) {
        expect(restored.execute(commit)).toEqual(outcomes[commit.index - 1])
      }
      expect(rootsOf(restored)).toBe(rootsOf(log.executor))
      expect(restored.logCounters).toEqual(log.executor.logCounters)
      expect(restored.position).toBe(log.executor.position)
      expect(restored.stateBytes).toBe(log.executor.stateBytes)
    }),
    { numRuns: 80 }
  )
})

test('a transaction takes effect at most once, whatever is sent again and whoever is evicted', () => {
  fc.assert(
    fc.property(commits, drawn => {
      const writer = new Writer()
      const applied = new Set<string>()
      const note = (outcome: ExecutedCommit) => {
        for (const run of outcome.runs) {
          if (run.openDigest !== undefined || run.code !== 'ok') continue
          for (let sequence = run.firstSequence; sequence <= run.lastSequence; sequence++) {
            const name = `${run.session}/${sequence}`
            expect(applied.has(name), name).toBe(false)
            applied.add(name)
          }
        }
      }
      for (const transactions of drawn) note(writer.commit(transactions))
      // Everything once more, opens and all: the old sessions are full of it, or gone.
      for (const { batches } of [...writer.log.commits]) note(writer.log.run(...batches))
    }),
    { numRuns: 80 }
  )
})

test('an outcome adds up', () => {
  fc.assert(
    fc.property(commits, drawn => {
      const writer = new Writer()
      for (const transactions of drawn) {
        const outcome = writer.commit(transactions)
        const { applied, duplicates, rejected, runs, appliedRanges } = outcome
        expect(outcome.transactions).toBe(applied + duplicates + rejected)
        const ordinals = runs.flatMap(run =>
          Array.from({ length: run.lastSequence - run.firstSequence + 1 }, (_, i) => ({
            ordinal: run.firstOrdinal + i,
            code: run.code
          }))
        )
        expect(ordinals.map(item => item.ordinal)).toEqual(ordinals.map((_, i) => i))
        expect(ordinals).toHaveLength(outcome.transactions)
        const isApplied = (ordinal: number) =>
          appliedRanges.some(({ first, last }) => first <= ordinal && ordinal <= last)
        for (const { ordinal, code } of ordinals) expect(isApplied(ordinal)).toBe(code === 'ok')
      }
    }),
    { numRuns: 60 }
  )
})
