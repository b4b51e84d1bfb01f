import { toHex, type Write } from '@novacron/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CheckpointImage,
  decodeExecuted,
  Executor,
  executionRules,
  persistWrites,
  pieceWrites,
  restoreExecutor,
  rowKeys,
  type StateRow
} from '../src/index.ts'
import { Chain, epoch, kvOf, needs, openOf, putOf, text } from './fixtures.ts'
import { Table } from './table.ts'

const options = { sessionsMax: 3, sessionIdleCommitsMin: 2 }
const keyCount = 24

/** One commit: a few changes, and how much of the checkpoint in the making is sealed after it. */
const step = fc.record({
  changes: fc.array(
    fc.record({
      kind: fc.constantFrom('put', 'put', 'put', 'delete', 'open'),
      session: fc.nat(3),
      key: fc.nat(keyCount - 1)
    }),
    { maxLength: 5 }
  ),
  pieceBytes: fc.constantFrom(0, 1, 1, 700, 2_000, 100_000)
})
const steps = fc.array(step, { minLength: 2, maxLength: 24 })
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Runs drawn commits; sessions are opened and evicted on the way. */
class Writer {
  readonly log = new Chain(options)
  readonly #ids: Uint8Array[] = []
  #opened = 0

  commit({ changes }: Step): void {
    const envelopes = changes.map(({ kind, session, key }) => {
      const id = this.#ids.at(-1 - (session % Math.max(1, this.#ids.length)))
      if (kind === 'open' || id === undefined) return openOf(this.#opened++)
      const sequence = (this.log.executor.session(toHex(id))?.contiguous ?? 0) + 1
      const name = `key-${key}`
      if (kind === 'delete') return kvOf(id, sequence, { type: 'delete', key: text(name) })
      return putOf(id, sequence, name, `${this.log.executor.position}`)
    })
    for (const run of this.log.run(...envelopes).runs) {
      if (run.openDigest !== undefined && run.value !== undefined) this.#ids.push(run.value)
    }
  }
}

const rowsOf = (table: Table): StateRow[] => table.rows()
const rootsAt = ({ checkpoint: { stateRoot, sessionRoot } }: CheckpointImage) => ({
  stateRoot,
  sessionRoot
})

/** Keys of the rows that the store's last checkpoint is made of. */
function liveKeys(table: Table): Set<string> {
  const value = table.rows('executed')[0]?.value
  const keys = value === undefined ? [] : rowKeys(decodeExecuted(value))
  return new Set(keys.map(({ key }) => toHex(key)))
}

describe('a checkpoint in pieces', () => {
  test('is that of the commit with which it began, whatever is run meanwhile', () => {
    fc.assert(
      fc.property(steps, drawn => {
        const writer = new Writer()
        const { executor } = writer.log
        let expected = executor.roots()
        for (const next of drawn) {
          if (!executor.isSealing) {
            expected = executor.roots()
            executor.beginCheckpoint(epoch)
          }
          writer.commit(next)
          const image = next.pieceBytes > 0 ? executor.sealPiece(next.pieceBytes) : undefined
          if (image === undefined) continue
          expect(rootsAt(image)).toEqual(expected)
          expect(executor.images.at(-1)).toBe(image)
        }
        if (executor.isSealing) {
          expect(rootsAt(executor.sealPiece(Number.POSITIVE_INFINITY)!)).toEqual(expected)
        }
        // Nothing of it is left over for the next one.
        expect(rootsAt(executor.takeCheckpoint(epoch))).toEqual(executor.roots())
      }),
      { numRuns: 150 }
    )
  })

  test('is in the store as a whole or not at all, wherever a crash comes', () => {
    fc.assert(
      fc.property(steps, drawn => {
        const writer = new Writer()
        const { executor } = writer.log
        const table = new Table()
        let saved = new Executor(options, needs).roots()
        let expected = saved
        const write = (writes: readonly Write[]) => {
          const live = liveKeys(table)
          for (const { type, ...row } of writes) {
            expect(type).toBe('put')
            if ('key' in row) expect(live.has(toHex(row.key))).toBe(false)
          }
          table.write(writes)
        }
        for (const next of drawn) {
          if (!executor.isSealing) {
            expected = executor.roots()
            executor.beginCheckpoint(epoch)
          }
          writer.commit(next)
          if (next.pieceBytes === 0) continue
          const isComplete = executor.sealPiece(next.pieceBytes) !== undefined
          if (isComplete) saved = expected
          write(isComplete ? persistWrites(executor) : pieceWrites(executor))
          const restored = restoreExecutor(options, needs, rowsOf(table))
          expect(restored.roots()).toEqual(saved)
          for (const commit of writer.log.commits.slice(restored.index)) restored.execute(commit)
          expect(restored.roots()).toEqual(executor.roots())
          expect(restored.stateBytes).toBe(executor.stateBytes)
        }
      }),
      { numRuns: 60 }
    )
  })

  test('goes on from restored rows in the places that these do not use', () => {
    const log = new Chain()
    const session = log.open()
    const table = new Table()
    for (let round = 1; round <= 3; round++) {
      log.run(putOf(session, round, 'key', `${round}`))
      log.executor.takeCheckpoint(epoch)
      table.write(persistWrites(log.executor))
    }
    const restored = restoreExecutor({}, needs, rowsOf(table))
    const before = liveKeys(table)
    restored.execute({ ...log.commits.at(-1)!, index: restored.index + 1 } as never)
    restored.takeCheckpoint(epoch)
    const writes = persistWrites(restored)
    for (const write of writes) {
      if ('key' in write) expect(before.has(toHex(write.key))).toBe(false)
    }
    expect(writes.length).toBeGreaterThan(1)
    table.write(writes)
    expect(restoreExecutor({}, needs, rowsOf(table)).roots()).toEqual(restored.roots())
  })
})

test('a bucket takes its two places in turn', () => {
  const log = new Chain()
  const session = log.open()
  const places = [1, 2, 3, 4].map(round => {
    log.run(putOf(session, round, 'key', `${round}`))
    log.executor.takeCheckpoint(epoch)
    const slots = persistWrites(log.executor).flatMap(write =>
      write.table === 'bucket' && 'key' in write ? [write.key[3]] : []
    )
    return [...new Set(slots)]
  })
  expect(places.slice(1)).toEqual([[2], [1], [2]])
})

test('what is replaced is held no longer than until its bucket is encoded', () => {
  const log = new Chain()
  const session = log.open()
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`)
  log.run(...keys.map((key, i) => putOf(session, i + 1, key, 'first')))
  const { executor } = log
  executor.beginCheckpoint(epoch)
  for (const round of [1, 2]) {
    log.run(...keys.map((key, i) => putOf(session, round * 50 + i + 1, key, `${round}`)))
  }
  const { state, sessions } = executor.contents
  // Each key once, the position in the log, and the one session.
  expect(state.tree.formerCount).toBe(51)
  expect(sessions.tree.formerCount).toBe(1)
  while (executor.sealPiece(2_000) === undefined) {
    expect(state.tree.formerCount).toBeLessThan(51)
  }
  expect(state.tree.formerCount + sessions.tree.formerCount).toBe(0)
})

test('without the values that changes replace, the roots would be wrong', () => {
  const rules = { ...executionRules, keepsFormer: () => false }
  const run = (executor: Executor) => {
    const log = new Chain()
    const session = log.open()
    log.run(putOf(session, 1, 'key', 'first'))
    log.run(putOf(session, 2, 'key', 'second'))
    for (const commit of log.commits.slice(0, 2)) executor.execute(commit)
    executor.beginCheckpoint(epoch)
    const roots = executor.roots()
    for (const commit of log.commits.slice(2)) executor.execute(commit)
    const image = executor.sealPiece(Number.POSITIVE_INFINITY)!
    return [
      rootsAt(image).stateRoot === roots.stateRoot,
      rootsAt(image).sessionRoot === roots.sessionRoot
    ]
  }
  expect(run(new Executor({}, needs))).toEqual([true, true])
  expect(run(new Executor({}, { ...needs, rules }))).toEqual([false, false])
})

test('is one at a time', () => {
  const { executor } = new Chain()
  expect(() => executor.sealPiece(1)).toThrow('a checkpoint that has begun')
  executor.beginCheckpoint(epoch)
  expect(() => executor.takeCheckpoint(epoch)).toThrow('one checkpoint at a time')
})
