import { expect, test } from 'vitest'
import { checkMemory, meterMemory } from '../../src/chaos/memory.ts'

const mib = 1024 * 1024

test('what has been given back since counts as well', () => {
  const meter = meterMemory(process.pid)
  // Touched, so that it is resident, and dropped before anybody looks.
  let held: Buffer | undefined = Buffer.alloc(96 * mib, 1)
  expect(held.length).toBe(96 * mib)
  held = undefined
  const course = meter.end(process.pid)
  expect(course).toMatchObject({ type: 'measured' })
  const { growthBytes } = course as { readonly growthBytes: number }
  expect(growthBytes).toBeGreaterThan(64 * mib)
})

test.each([
  { name: 'another process is there', pid: process.pid, after: 1, type: 'replaced' },
  { name: 'the process could never be read', pid: undefined, after: undefined, type: 'unknown' }
])('nothing is measured when $name', ({ pid, after, type }) => {
  expect(meterMemory(pid).end(after)).toEqual({ type })
})

test.each([
  { name: 'at the bound', course: { type: 'measured', growthBytes: 9 * mib }, faults: [] },
  {
    name: 'beyond the bound',
    course: { type: 'measured', growthBytes: 9 * mib + 1 },
    faults: ['memory of a rose by 9 MiB']
  },
  { name: 'smaller than before', course: { type: 'measured', growthBytes: -mib }, faults: [] },
  {
    name: 'of another process',
    course: { type: 'replaced' },
    faults: ['a ended or was started again, so its memory says nothing']
  },
  { name: 'unknown', course: { type: 'unknown' }, faults: ['memory of a could not be read'] }
] as const)('memory $name is judged', ({ course, faults }) => {
  expect(checkMemory('a', course, 9 * mib)).toEqual(faults)
})
