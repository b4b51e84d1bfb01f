import type { Millis, PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import { ObserverBudget } from '../../src/driver/observer-budget.ts'
import { driven, frameOf, peers, word } from './driven.ts'

const [member] = peers
const [stranger, other] = ['stranger', 'other'] as [PeerId, PeerId]
const at = (ms: number) => ms as Millis
const each = { observerBytesPerSecond: 10_240, observersBytesPerSecond: 20_480 }

test('a stranger that had its answers is heard again once they are paid', () => {
  const budget = new ObserverBudget(each, peers)
  expect(budget.admits(stranger, at(0))).toBe(true)
  budget.onAnswer(stranger, 'mempool', 14_336, at(0))
  expect(budget.admits(stranger, at(500))).toBe(false)
  expect(budget.admits(other, at(500))).toBe(true)
  expect(budget.admits(stranger, at(501))).toBe(true)
})

test('what has to be put together costs more than payload', () => {
  const budget = new ObserverBudget(each, peers)
  budget.onAnswer(stranger, 'mempool', 2_560, at(0))
  expect(budget.admits(stranger, at(0))).toBe(true)
  budget.onAnswer(other, 'order', 2_560, at(0))
  expect(budget.admits(other, at(0))).toBe(false)
})

test('all strangers together have a bound; who is trusted pays nothing', () => {
  const budget = new ObserverBudget(each, peers)
  for (let n = 0; n < 20; n++) budget.admits(`stranger-${n}` as PeerId, at(0))
  expect(budget.admits(stranger, at(0))).toBe(false)
  budget.onAnswer(member, 'mempool', 1_000_000_000, at(0))
  expect(budget.admits(member, at(0))).toBe(true)
})

test('a flood of small requests for large answers does not reach the machine', async () => {
  const { driver, machine, trace } = driven({}, each)
  machine.script = event =>
    event.type === 'received'
      ? [{ type: 'send', to: event.from, class: 'bulk', message: word('x'.repeat(4_096)) }]
      : []
  for (let n = 0; n < 1_000; n++) await driver.receive(stranger, frameOf('pull'))
  expect(machine.events).toHaveLength(1)
  expect(trace.filter(line => line === 'count observer_refused 1')).toHaveLength(999)
  for (let n = 0; n < 10; n++) await driver.receive(member, frameOf('pull'))
  expect(machine.events).toHaveLength(11)
})
