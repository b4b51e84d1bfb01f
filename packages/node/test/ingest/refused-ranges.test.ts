import { sessionWindow } from '@novacron/execution'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RefusedRanges } from '../../src/ingest/refused-ranges.ts'
import { sessionA, sessionB } from './envelopes.ts'

function run(first: number, last: number, session = sessionA) {
  return { session, first, last, bytes: 1 }
}

test('a window below the first number that is missing all may run, and above it nothing', () => {
  const refused = new RefusedRanges()
  refused.add(run(10, 20))
  expect(refused.mayRun([run(21, 9 + sessionWindow)])).toBe(true)
  expect(refused.mayRun([run(21, 10 + sessionWindow)])).toBe(false)
  expect(refused.mayRun([run(21, 10 + sessionWindow, sessionB)])).toBe(true)
})

test('what closes the gap by itself, or earlier in the same frame, may run', () => {
  const refused = new RefusedRanges()
  refused.add(run(10, 20))
  expect(refused.mayRun([run(10, 5_000)])).toBe(true)
  expect(refused.mayRun([run(1, 5_000)])).toBe(true)
  expect(refused.mayRun([run(11, 5_000)])).toBe(false)
  expect(refused.mayRun([run(10, 20), run(5_000, 5_000)])).toBe(true)
  expect(refused.mayRun([run(5_000, 5_000), run(10, 20)])).toBe(false)
})

test('of a client that leaves gaps everywhere the lowest are remembered', () => {
  const refused = new RefusedRanges()
  for (let at = 1_000; at > 0; at -= 2) refused.add(run(at, at))
  expect(refused.mayRun([run(2_000, 2_000)])).toBe(false)
  refused.remove(sessionA, { first: 1, last: 510 })
  expect(refused.mayRun([run(2_000, 2_000)])).toBe(false)
  refused.remove(sessionA, { first: 511, last: 512 })
  expect(refused.mayRun([run(2_000, 2_000)])).toBe(true)
})

test('ranges and single numbers come to the same', () => {
  const range = fc.tuple(fc.nat(60), fc.nat(20)).map(([first, more]) => ({
    first: first + 1,
    last: first + 1 + more
  }))
  const steps = fc.array(fc.record({ isRefused: fc.boolean(), range }), { maxLength: 30 })
  fc.assert(
    fc.property(steps, all => {
      const refused = new RefusedRanges()
      const missing = new Set<number>()
      for (const { isRefused, range } of all) {
        if (isRefused) refused.add({ session: sessionA, ...range, bytes: 1 })
        else refused.remove(sessionA, range)
        for (let at = range.first; at <= range.last; at++) {
          if (isRefused) missing.add(at)
          else missing.delete(at)
        }
        const lowest = Math.min(...missing)
        const top = lowest + sessionWindow
        expect(refused.mayRun([run(lowest + 1, top)])).toBe(missing.size === 0)
        expect(refused.mayRun([run(lowest + 1, top - 1)])).toBe(true)
      }
    })
  )
})
