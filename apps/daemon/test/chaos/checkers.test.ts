import type { NodeStatus } from '@novacron/node'
import { describe, expect, test } from 'vitest'
import {
  checkEvidence,
  checkHoles,
  checkLedger,
  checkStatus,
  type NodeLog,
  RootsSeen
} from '../../src/chaos/checkers.ts'

const session = 'ab'.repeat(16)
const ledger = new Map([[session, [{ first: 1, last: 3 }]]])

/** `places[i]` is the commit of sequence i + 1. */
function log(node: string, places: (number | undefined)[], more: Partial<NodeLog> = {}): NodeLog {
  return {
    node,
    lowest: 1,
    applied: new Map([[session, [undefined, ...places]]]),
    doubled: [],
    holes: [],
    ...more
  }
}

describe('the ledger', () => {
  test('is right when every node has all of it in the same commits', () => {
    const findings = checkLedger(ledger, [log('a', [5, 5, 6]), log('b', [5, 5, 6, 7])])
    expect(findings).toEqual({ acknowledged: 3, lost: 0, duplicated: 0, reasons: [] })
  })

  test.each([
    {
      name: 'nobody has one',
      logs: [log('a', [5, undefined, 6]), log('b', [5, undefined, 6])],
      reason: 'transaction abababab/2 was acknowledged and is on no node'
    },
    {
      name: 'one node lacks one',
      logs: [log('a', [5, 5, 6]), log('b', [5, 5])],
      reason: 'transaction abababab/3 is in commit 6 and not on b'
    },
    {
      name: 'a node without the session lacks all',
      logs: [log('a', [5, undefined, undefined]), log('b', [], { applied: new Map() })],
      reason: 'transaction abababab/1 is in commit 5 and not on b'
    },
    {
      name: 'two nodes have one in different commits',
      logs: [log('a', [5, 5, 6]), log('b', [5, 5, 7])],
      reason: 'transaction abababab/3 is in commit 6 and in 7 on b'
    },
    {
      name: 'the lowest commit of a node is the one in question',
      logs: [log('a', [5, 5, 6]), log('b', [5, 5], { lowest: 6 })],
      reason: 'transaction abababab/3 is in commit 6 and not on b'
    }
  ])('is wrong when $name', ({ logs, reason }) => {
    const { lost, reasons } = checkLedger(ledger, logs)
    expect(lost).toBeGreaterThanOrEqual(1)
    expect(reasons).toContain(reason)
  })

  test('forgives a node what lies below the lowest commit that it has', () => {
    const young = log('b', [undefined, undefined, 6], { lowest: 6 })
    expect(checkLedger(ledger, [log('a', [5, 5, 6]), young]).lost).toBe(0)
  })

  test('forgives a node what lies in a hole, and tells of the hole', () => {
    const holed = log('b', [undefined, undefined, 6], { holes: [{ first: 4, last: 5 }] })
    const logs = [log('a', [5, 5, 6]), holed]
    expect(checkLedger(ledger, logs).lost).toBe(0)
    expect(checkHoles(logs, 1)).toEqual(['b no longer has commits 4 to 5'])
    const beside = log('b', [undefined, undefined, 6], { holes: [{ first: 4, last: 4 }] })
    expect(checkLedger(ledger, [log('a', [5, 5, 6]), beside]).lost).toBe(2)
  })

  test('is owed from the first commit of the run on, by all but one node whose disk was damaged', () => {
    const whole = log('a', [5, 5, 6], { lowest: 4 })
    const cut = log('b', [], { lowest: 6 })
    expect(checkHoles([whole, cut], 4)).toEqual(['b no longer has commits 4 to 5'])
    expect(checkHoles([whole, cut], 6)).toEqual([])
    expect(checkHoles([whole, cut], 4, true)).toEqual([])
    const holed = log('c', [], { lowest: 5, holes: [{ first: 8, last: 9 }] })
    expect(checkHoles([whole, cut, holed], 4, true)).toEqual([
      'b no longer has commits 4 to 5',
      'c no longer has commits 4 to 4',
      'c no longer has commits 8 to 9'
    ])
  })

  test('counts what took effect twice once, however many nodes tell of it', () => {
    const doubled = ['transaction abababab/2']
    const logs = [log('a', [5, 5, 6], { doubled }), log('b', [5, 5, 6], { doubled })]
    const { duplicated, reasons } = checkLedger(ledger, logs)
    expect(duplicated).toBe(1)
    expect(reasons).toEqual(['transaction abababab/2 took effect twice'])
  })

  test('of nothing shows nothing, and is wrong', () => {
    expect(checkLedger(new Map(), [log('a', [])]).reasons).toEqual(['nothing was acknowledged'])
  })

  test('tells of the first few only', () => {
    const { lost, reasons } = checkLedger(new Map([[session, [{ first: 1, last: 9 }]]]), [
      log('a', [])
    ])
    expect(lost).toBe(9)
    expect(reasons).toHaveLength(3)
  })
})

describe('state roots', () => {
  const roots = (index: number, stateRoot: string, sessionRoot = 's') => ({
    index,
    stateRoot,
    sessionRoot
  })

  test('are compared where several nodes told of one commit', () => {
    const seen = new RootsSeen()
    seen.add('a', roots(20, 'x'))
    seen.add('b', undefined)
    seen.add('b', roots(40, 'y'))
    expect(seen.compared).toBe(0)
    expect(seen.hasAll(['a', 'b'])).toBe(false)
    seen.add('a', roots(40, 'y'))
    expect(seen.compared).toBe(1)
    expect(seen.hasAll(['a', 'b'])).toBe(true)
    expect(seen.reasons()).toEqual([])
  })

  test.each([
    { name: 'states', other: roots(20, 'y') },
    { name: 'sessions', other: roots(20, 'x', 't') }
  ])('that differ in $name are told', ({ other }) => {
    const seen = new RootsSeen()
    seen.add('a', roots(20, 'x'))
    seen.add('b', roots(20, 'x'))
    seen.add('c', other)
    expect(seen.reasons()).toEqual(['the state after commit 20 differs on a and c'])
  })
})

describe('a node at the end', () => {
  const status = (change: Partial<NodeStatus>) =>
    ({ state: 'running', reasons: [], ...change }) as unknown as NodeStatus

  test('is well when it runs and complains of nothing', () => {
    expect(checkStatus('a', status({}))).toEqual([])
  })

  test.each([
    { name: 'it does not answer', found: undefined, reasons: ['a does not answer'] },
    {
      name: 'it is in another state',
      found: status({ state: 'diverged', reasons: ['why'] }),
      reasons: ['a is diverged', 'a: why']
    },
    { name: 'it complains', found: status({ reasons: ['why'] }), reasons: ['a: why'] }
  ])('is not when $name', ({ found, reasons }) => {
    expect(checkStatus('a', found)).toEqual(reasons)
  })
})

test('evidence is wrong unless it was to be expected', () => {
  const lines = [
    { node: 'a', line: 'against liar' },
    { node: 'b', line: 'against honest' }
  ]
  expect(checkEvidence([])).toEqual([])
  expect(checkEvidence(lines, line => line.includes('liar'))).toEqual([
    'b found evidence against an honest member: against honest'
  ])
  expect(checkEvidence(lines)).toHaveLength(2)
})
