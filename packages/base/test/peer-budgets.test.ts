import { expect, test } from 'vitest'
import { type Millis, PeerBudgets, type PeerId } from '../src/index.ts'

const [a, b, c] = ['a', 'b', 'c'] as [PeerId, PeerId, PeerId]
const at = (ms: number) => ms as Millis

function budgets(changes: Partial<ConstructorParameters<typeof PeerBudgets>[0]> = {}) {
  return new PeerBudgets({
    peerBytesPerSecond: 1_000,
    allBytesPerSecond: 10_000,
    peersMax: 2,
    ...changes
  })
}

test('a peer may cost a second at once, and then what a second brings', () => {
  const budget = budgets()
  budget.spend(a, 999, at(5_000))
  expect(budget.isSpent(a, at(5_000))).toBe(false)
  budget.spend(a, 1, at(5_000))
  expect(budget.isSpent(a, at(5_000))).toBe(true)
  expect(budget.isSpent(b, at(5_000))).toBe(false)
  expect(budget.isSpent(a, at(5_001))).toBe(false)
})

test('what was overdrawn is paid back first, and no more than a second is saved up', () => {
  const budget = budgets()
  budget.spend(a, 3_000, at(0))
  expect([budget.isSpent(a, at(2_000)), budget.isSpent(a, at(2_001))]).toEqual([true, false])
  budget.spend(a, 1_000, at(100_000))
  expect(budget.isSpent(a, at(100_000))).toBe(true)
})

test('a clock that goes back refills nothing', () => {
  const budget = budgets()
  budget.spend(a, 1_000, at(5_000))
  expect(budget.isSpent(a, at(4_000))).toBe(true)
})

test('all together have a bound, whoever comes', () => {
  const budget = budgets({ allBytesPerSecond: 1_500 })
  budget.spend(a, 900, at(0))
  expect(budget.isSpent(c, at(0))).toBe(false)
  budget.spend(b, 600, at(0))
  expect(budget.isSpent(c, at(0))).toBe(true)
  expect(budget.isSpent(c, at(1))).toBe(false)
})

test('so many peers are remembered, those that came last', () => {
  const budget = budgets()
  for (const peer of [a, b, a, c]) budget.spend(peer, 1_000, at(0))
  expect([a, b, c].map(peer => budget.isSpent(peer, at(0)))).toEqual([true, false, true])
})
