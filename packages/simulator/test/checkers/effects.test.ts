import { describe, expect, test } from 'vitest'
import { EffectChecker } from '../../src/checkers/effects.ts'
import type { Violation } from '../../src/checkers/violation.ts'
import type { EffectProbe, Receipt } from '../../src/index.ts'

const isWrite = (sequence: number): boolean => sequence % 2 === 0
const done = (client: number, sequence: number): Receipt => ({ client, sequence, isApplied: true })

function setUp() {
  const violations: Violation[] = []
  const checker = new EffectChecker(isWrite, violation => violations.push(violation))
  const look = (place: number, index: number, appended: number, writes: Record<number, number>) =>
    checker.look(place, {
      index,
      appendedCount: () => appended,
      lastWriteOf: client => writes[client]
    } as EffectProbe)
  return { checker, look, violations }
}

describe('what a receipt calls applied', () => {
  test('is in the state', () => {
    const { checker, look, violations } = setUp()
    checker.appended([done(0, 1), done(0, 2), done(1, 1), { ...done(1, 4), isApplied: false }])
    checker.appended([done(0, 4), { client: 2, sequence: 0, isApplied: true, session }])
    look(0, 2, 2, { 0: 4 })
    look(1, 1, 2, { 0: 2 })
    expect(violations).toEqual([])
    expect(checker.comparedCount).toBe(4)
  })

  test.each([
    { name: 'a request that was not appended', appended: 0, writes: { 0: 2 }, verdict: 'lost' },
    { name: 'one appended twice', appended: 2, writes: { 0: 2 }, verdict: 'duplicated' },
    { name: 'a write that cannot be read', appended: 1, writes: {}, verdict: 'lost' },
    { name: 'an older write', appended: 1, writes: { 0: 0 }, verdict: 'lost' },
    {
      name: 'a write that is not ordered yet',
      appended: 1,
      writes: { 0: 4 },
      verdict: 'duplicated'
    }
  ])('and $name is found', ({ appended, writes, verdict }) => {
    const { checker, look, violations } = setUp()
    checker.appended([done(0, 1), done(0, 2)])
    look(3, 1, appended, writes)
    expect(violations.map(violation => violation.verdict)).toEqual([verdict])
    expect(violations[0]?.facts).toContain('place 3 after commit 1')
  })

  test('is looked at once what is ahead has been told of, and again after a restart', () => {
    const { checker, look, violations } = setUp()
    checker.appended([done(0, 2)])
    look(0, 2, 9, {})
    expect(violations).toEqual([])
    look(0, 1, 0, { 0: 2 })
    look(0, 1, 9, {})
    expect(violations).toEqual([])
    checker.started(0)
    look(0, 1, 0, {})
    expect(violations.map(({ verdict }) => verdict)).toEqual(['lost'])
  })
})

const session = new Uint8Array(16)
