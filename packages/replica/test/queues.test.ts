import { describe, expect, test } from 'vitest'
import { queuesOf } from '../src/queues.ts'

const runner = { queueLength: 3, queueLengthMax: 15 }
const executor = { sessionCount: 2, options: { sessionsMax: 9 } } as never
const evidence = { size: 1, max: 4 }
const mempool = { queues: () => [{ name: 'pending bytes', value: 5, max: 6 }] }

describe('the queues of a replica', () => {
  test('are told by name, each with its bound', () => {
    const orderer = { queues: () => [{ name: 'parents', value: 7, max: 8 }] }
    expect(queuesOf(mempool, orderer, runner, executor, evidence)).toEqual([
      { name: 'pending bytes', value: 5, max: 6 },
      { name: 'parents', value: 7, max: 8 },
      { name: 'commits to be run', value: 3, max: 15 },
      { name: 'sessions', value: 2, max: 9 },
      { name: 'evidence', value: 1, max: 4 }
    ])
  })

  test('an orderer need not have any', () => {
    expect(queuesOf(mempool, {}, runner, executor, evidence)).toHaveLength(4)
  })
})
