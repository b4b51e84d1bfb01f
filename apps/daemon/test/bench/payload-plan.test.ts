import { encodeKvOperation, kvApplication, logApplication } from '@novacron/node'
import { expect, test } from 'vitest'
import { payloadPlan } from '../../src/bench/payload-plan.ts'

test('the log gets as many random bytes as a transaction has', () => {
  const plan = payloadPlan('log', 100)
  expect(plan).toMatchObject({ application: logApplication, bytes: 100, markAt: 0 })
  const payload = plan.make()
  expect(payload).toHaveLength(100)
  expect(payload).not.toEqual(plan.make())
})

test('what is too short for a number is left as it is drawn', () => {
  expect(payloadPlan('log', 8).markAt).toBe(0)
  expect(payloadPlan('log', 7).markAt).toBeUndefined()
})

test('kv gets puts with a key of 16 bytes, which holds the number', () => {
  const plan = payloadPlan('kv', 100)
  const payload = plan.make()
  expect(plan.application).toBe(kvApplication)
  expect(payload).toHaveLength(plan.bytes)
  payload.fill(9, plan.markAt, (plan.markAt ?? 0) + 8)
  const key = payload.slice(3, 19)
  const value = payload.slice(19)
  expect(payload).toEqual(encodeKvOperation({ type: 'put', key, value }))
  expect(key.subarray(0, 8)).toEqual(new Uint8Array(8).fill(9))
  expect(value).toHaveLength(100)
})
