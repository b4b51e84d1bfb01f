import { expect, test } from 'vitest'
import { Trace } from '../src/trace.ts'
import { sha256 } from './hash.ts'

function traceOf(write: (trace: Trace) => void) {
  const trace = new Trace(sha256)
  write(trace)
  return trace.digest()
}

test('equal runs have equal digests, and any difference shows', () => {
  const digests = [
    traceOf(t => t.note('sent', 1)),
    traceOf(t => t.note('sent', 2)),
    traceOf(t => t.note('sent', 1, 1)),
    traceOf(t => t.note('seen', 1)),
    traceOf(t => {
      t.note('sent', 1)
      t.note('sent', 1)
    }),
    traceOf(t => {
      t.at(1.5)
      t.note('sent', 1)
    }),
    traceOf(t => t.bytes(new Uint8Array(3))),
    traceOf(() => undefined)
  ]
  expect(new Set(digests).size).toBe(digests.length)
  expect(traceOf(t => t.note('sent', 1))).toBe(digests[0])
})

test('long runs are folded into one digest', () => {
  const long = (last: number) =>
    traceOf(t => {
      for (let i = 0; i < 20_000; i++) t.note('step', i % 7, i)
      t.bytes(new Uint8Array(100_000))
      t.note('step', last)
    })
  expect(long(1)).toBe(long(1))
  expect(long(1)).not.toBe(long(2))
})
