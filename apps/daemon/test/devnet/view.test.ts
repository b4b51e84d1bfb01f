import type { NodeStatus } from '@novacron/node'
import { describe, expect, test } from 'vitest'
import { describeSummary, failuresOf, summaryOf } from '../../src/devnet/summary.ts'
import { type Moment, View } from '../../src/devnet/view.ts'
import type { LoadProgress } from '../../src/load/messages.ts'
import { CapturedOutput } from '../capture-io.ts'

const status = {
  state: 'running',
  round: 8,
  committedIndex: 4,
  peersConnected: 3,
  protocol: 'bullshark'
} as NodeStatus
const load: LoadProgress = {
  type: 'progress',
  elapsedSeconds: 2,
  submitted: 20,
  committed: 18,
  transactionsPerSecond: 10,
  p50Ms: 12.34,
  p99Ms: null,
  lanes: [
    { transactionsPerSecond: 10, p50Ms: 12.34 },
    { transactionsPerSecond: 0, p50Ms: null }
  ]
}
const moment: Moment = {
  elapsedMs: 2_100,
  nodes: [
    { name: 'node-1', status, crash: undefined },
    { name: 'node-2', status: undefined, crash: 'was killed by SIGKILL' },
    { name: 'node-3', status: undefined, crash: undefined }
  ],
  load
}

function view(isTty: boolean, env = {}) {
  const stderr = new CapturedOutput(isTty)
  return { view: new View({ stderr, env }), stderr }
}

describe('on a terminal', () => {
  test('the network is a table, drawn again in its place', () => {
    const { view: shown, stderr } = view(true)
    shown.show(moment)
    expect(stderr.text).toBe(
      [
        'node    state    round  committed  tx/s  latency  peers  protocol',
        'node-1  running      8          4    10  12.3 ms      3  bullshark',
        'node-2  gone         -          -     0  -            -  -',
        'node-3  silent       -          -     -  -            -  -',
        '2 s  10 tx/s  p50 12.3 ms  p99 never  18 of 20 committed  (Ctrl-C stops)',
        ''
      ].join('\n')
    )
    const once = stderr.text
    shown.show(moment)
    expect(stderr.text).toBe(`${once}\u001b[5A\r\u001b[J${once}`)
  })

  test('a note stands above the table and stays', () => {
    const { view: shown, stderr } = view(true)
    shown.show(moment)
    const table = stderr.text
    shown.note('lost node-2')
    expect(stderr.text).toBe(`${table}\u001b[5A\r\u001b[Jnovacron: lost node-2\n`)
    shown.note('again')
    expect(stderr.text.endsWith('novacron: lost node-2\nnovacron: again\n')).toBe(true)
  })
})

test.each([
  { isTty: false, env: {} },
  { isTty: true, env: { NO_COLOR: '1' } }
])('without a cursor to move (terminal: $isTty) it is a line', ({ isTty, env }) => {
  const { view: shown, stderr } = view(isTty, env)
  shown.show(moment)
  shown.show({ elapsedMs: 0, nodes: [], load: undefined })
  expect(stderr.text).toBe(
    '2 s  1 of 3 nodes  round 8  commit 4  10 tx/s  p50 12.3 ms  p99 never  18 of 20 committed\n' +
      '0 s  0 of 0 nodes  round 0  commit 0\n'
  )
})

describe('the summary', () => {
  const result = {
    durationSeconds: 2,
    submitted: 20,
    committed: 20,
    transactionsPerSecond: 9.5,
    latencyMs: { p50: 12.4, p99: 40 }
  }
  const heads = [{ node: 'node-1', index: 4, digest: 'abc' }]
  const agreed = { agreement: true, compared: 4, isEmpty: false, heads, reasons: [] }
  const found = { nodes: 1, load: result, agreed, protocol: 'bullshark', crashed: [] }

  test('has its keys in their order', () => {
    expect(JSON.stringify(summaryOf(found))).toBe(
      '{"nodes":1,"durationSeconds":2,"submitted":20,"committed":20,"transactionsPerSecond":9.5,' +
        '"latencyMs":{"p50":12.4,"p99":40},"agreement":true,' +
        '"heads":[{"node":"node-1","index":4,"digest":"abc"}],"protocol":"bullshark","crashed":[]}'
    )
  })

  test('is said in words', () => {
    expect(describeSummary(summaryOf(found), agreed)).toBe(
      '1 node, bullshark, 2 s\nsubmitted 20, committed 20, 9.5 transactions/s\n' +
        'latency p50 12.4 ms, p99 40.0 ms\nagreement yes, 4 commits compared\n  node-1  4  abc\n'
    )
  })

  test('without load says nothing of it, and a disagreement loudly', () => {
    const none = { ...result, submitted: 0, committed: 0 }
    const differing = { ...agreed, agreement: false, compared: 1 }
    const summary = summaryOf({ ...found, load: none, agreed: differing, protocol: 'b' })
    const text = describeSummary(summary, differing)
    expect(text).toBe('1 node, b, 2 s\nagreement NO, 1 commit compared\n  node-1  4  abc\n')
  })

  test('of a network without commits claims neither agreement nor its absence', () => {
    const empty = { ...agreed, agreement: false, compared: 0, isEmpty: true }
    expect(describeSummary(summaryOf({ ...found, agreed: empty }), empty)).toContain(
      'agreement unknown, there was nothing to compare\n'
    )
  })

  const empty = { ...agreed, agreement: false, compared: 0, isEmpty: true }
  const forked = { ...agreed, agreement: false, compared: 0 }
  test.each([
    { name: 'nothing when all is well', changed: {}, interrupted: false, expected: [] },
    {
      name: 'who ended by itself',
      changed: { crashed: ['node-2', 'node-3'] },
      interrupted: false,
      expected: ['node-2, node-3 ended without having been told to']
    },
    {
      name: 'what was not committed',
      changed: { load: { ...result, committed: 17 } },
      interrupted: false,
      expected: ['3 of 20 transactions were not committed']
    },
    {
      name: 'that there was nothing to compare',
      changed: { agreed: empty },
      interrupted: false,
      expected: ['there was nothing to compare']
    },
    {
      name: 'nothing when Ctrl-C came before the first commit',
      changed: { agreed: empty },
      interrupted: true,
      expected: []
    },
    {
      name: 'a difference in the very first commit, also after Ctrl-C',
      changed: { agreed: forked },
      interrupted: true,
      expected: ['not all nodes were seen to agree']
    }
  ])('failures name $name', ({ changed, interrupted, expected }) => {
    const all = { ...found, ...changed }
    expect(failuresOf(summaryOf(all), all.agreed, interrupted)).toEqual(expected)
  })
})
