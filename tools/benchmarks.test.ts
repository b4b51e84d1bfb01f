import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { benchmarksPage } from './benchmarks.ts'
import { ratioLine } from './benchmarks-page/bandwidth.ts'
import { type CatchUpResult, catchUpPage } from './benchmarks-page/catch-up.ts'
import { chaosPage, killsPage, seedsPage } from './benchmarks-page/faults.ts'
import { goalsPage } from './benchmarks-page/goals.ts'
import { type MemoryResult, memoryPage } from './benchmarks-page/memory.ts'
import { type OrderingResult, orderingPage } from './benchmarks-page/ordering.ts'

const root = join(import.meta.dirname, '..')

test('docs/benchmarks.md says what the result files say; node tools/benchmarks.ts writes it again', () => {
  expect(readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')).toBe(benchmarksPage())
})

const result: OrderingResult = {
  settings: {
    nodes: 4,
    application: 'log',
    transactionBytes: 512,
    ratePerSecond: 1_000,
    durationSeconds: 30,
    warmupSeconds: 5,
    connections: 4,
    writes: 'batched',
    delayMs: 0,
    nodeMbit: 0,
    links: 'loopback',
    crash: 0,
    changed: {}
  },
  throughput: 990,
  transactions: { missing: 0 },
  latencyMs: { p50: 10, p99: 20.04, p999: null },
  cpuSeconds: { nodes: 6, generators: 1, others: 3 },
  cpuMsPerMB: null,
  peakRssBytes: 2e8,
  agreement: true,
  protocol: 'bullshark',
  encryption: 'tls',
  plane: 'libp2p',
  environment: { cpu: 'a CPU', cores: 2, node: 'v24', date: 'today' }
}

describe('the section about ordering', () => {
  test('has a row for each run, with what the machine did besides', () => {
    const page = orderingPage(new Map([['ordering-a', result]]))
    expect(page).toContain('[4 nodes, bullshark, tls (libp2p); log, 512 B, 30 s after 5 s; a CPU')
    expect(page).toContain(
      '(benchmarks/ordering-a.json) | 1000 | 990 | 10.0 | 20.0 | never | - | 200 | 30 % | yes |'
    )
    expect(page).not.toContain('| % |')
  })

  test('says how long the disk stood still, if that was looked at', () => {
    const page = orderingPage(
      new Map([['ordering-a', { ...result, disk: { stalledShare: 0.031 } }]])
    )
    expect(page).toContain('; the disk alone stood still for 3.1 %; a CPU')
  })

  test('says what was typed, on which build, how fast the machine was, and what other runs brought', () => {
    const environment = { ...result.environment, build: 'abc1234', verificationsPerSecond: 9_000 }
    const command = 'novacron bench ordering --rate 1000 --repeat 3'
    const repeats = [
      { p50: 24, p99: 66.04, missing: 0 },
      { p50: 25, p99: null, missing: 9 },
      { p50: 23, p99: 61, missing: 0 }
    ]
    const page = orderingPage(
      new Map([['ordering-a', { ...result, environment, command, repeats }]])
    )
    expect(page).toContain(
      'the middle of 3 runs, with p99 66.0, never, 61.0 (p50 24.0, 25.0, 23.0); a CPU, 2 cores (9000 Ed25519 checks/s each), Node v24, today, build abc1234; `novacron bench ordering --rate 1000 --repeat 3`]('
    )
  })

  test('says of a run in a slower hour that it is one, and does not count it', () => {
    const runs = new Map([['ordering-1000-slower-hour', result]])
    expect(orderingPage(runs)).toContain('in a slower hour')
    expect(goalsPage(runs, undefined)).not.toContain('ordering-1000')
  })

  test('says of a run from before the work on speed that it is one', () => {
    const { plane: _, ...old } = result
    const profile = [{ name: 'step', place: 'machine.js:1', percent: 12 }]
    const page = orderingPage(new Map([['ordering-a-before', { ...old, profile }]]))
    expect(page).toContain('tls (libp2p)')
    expect(page.match(/before the work on speed/g)).toHaveLength(2)
  })

  test('says how much more than a single leader is ordered under the same limit', () => {
    const settings = { ...result.settings, nodes: 10, nodeMbit: 20, links: 'namespaces' }
    const page = orderingPage(
      new Map([
        ['ordering-one', { ...result, settings, protocol: 'single-leader', throughput: 500 }],
        ['ordering-many', { ...result, settings, throughput: 2_100 }],
        ['ordering-other', { ...result, settings: { ...settings, nodes: 4 } }]
      ])
    )
    expect(page).toContain(
      '- 10 nodes with 20 Mbit/s each: bullshark orders 2100 tx/s (p99 20.0 ms) and the single leader 500 (p99 20.0 ms), **4.2 times** as much'
    )
    expect(page.match(/times\*\*/g)).toHaveLength(1)
  })

  test('has no ratio of a rate that was not held', () => {
    const settings = { ...result.settings, nodes: 10, nodeMbit: 20, links: 'namespaces' }
    const late = { ...result, settings, latencyMs: { ...result.latencyMs, p99: 501 } }
    const page = orderingPage(
      new Map([
        ['ordering-one', { ...result, settings, protocol: 'single-leader', throughput: 500 }],
        ['ordering-many', { ...late, throughput: 2_100 }]
      ])
    )
    expect(page).toContain('**not within 500 ms**, so there is no ratio')
    expect(page).not.toMatch(/times\*\*/)
  })

  test('says what direct sockets save at one rate', () => {
    const cpuSeconds = { ...result.cpuSeconds, nodes: 4.5 }
    const page = orderingPage(
      new Map([
        ['ordering-libp2p', result],
        ['ordering-direct', { ...result, plane: 'direct', cpuSeconds, latencyMs: { p99: 15 } }],
        [
          'ordering-faster',
          { ...result, plane: 'direct', settings: { ...result.settings, ratePerSecond: 2_000 } }
        ]
      ])
    )
    expect(page).toContain(
      '- Direct sockets in place of libp2p streams at 1000 tx/s: **25 %** less CPU of the daemons, p99 15.0 in place of 20.0 ms'
    )
    expect(page.match(/less CPU/g)).toHaveLength(1)
  })

  test('says what was different about a run', () => {
    const settings = {
      ...result.settings,
      writes: 'single',
      connections: 128,
      delayMs: 25,
      nodeMbit: 20,
      links: 'proxies',
      crash: 1,
      changed: { tier: 'wan' }
    }
    const overload = { ratePerSecond: 2_000, ratio: 0.95, peakRssBytes: 7e8 }
    const profile = [{ name: 'step', place: 'machine.js:1', percent: 12 }]
    const odd = { ...result, settings, overload, profile, agreement: false, cpuMsPerMB: 29.6 }
    const page = orderingPage(new Map([['ordering-b', odd]]))
    expect(page).toContain(
      'tls (libp2p); log, 512 B, 30 s after 5 s; single writes on 128 connections; 25 ms one way; 20 Mbit/s for each node, by proxies; 1 killed; {"tier":"wan"}; at twice the load 0.95 of it, 700 MB'
    )
    expect(page).toContain('| 30 | 200 | 30 % | **no** |')
    expect(page).toContain('| 12.0 | `step` | machine.js:1 |')
  })
})

const phase = {
  seconds: 20,
  throughput: 5_000,
  latencyMs: { p50: 10.04, p99: 30 },
  cpuPerSecond: 0.614,
  roundsPerSecond: 45.25
}
const caughtUp: CatchUpResult = {
  settings: {
    nodes: 4,
    transactionBytes: 512,
    ratePerSecond: 5_000,
    behindRounds: 10_000,
    closeCommits: 50,
    withinSeconds: 600,
    changed: {}
  },
  gapAtStart: { rounds: 10_003, commits: 30_007 },
  secondsAway: 230.5,
  secondsToAnswer: 1.2,
  secondsToCatchUp: 40,
  commitsPerSecondCaughtUp: {
    mean: 900,
    fifths: [800, 900, 950, 920, 940],
    leastOverMean: 0.889
  },
  snapshotAdopted: false,
  ownCpuPerSecond: 0.7,
  others: {
    before: phase,
    away: phase,
    during: { ...phase, throughput: 4_600, latencyMs: { p50: 11, p99: null } },
    ratio: { throughput: 0.92, p50: 1.1, p99: null, cpu: 1.05 }
  },
  agreement: true,
  protocol: 'bullshark-turbo',
  encryption: 'tls',
  plane: 'direct',
  environment: { ...result.environment, loadAverage: [0.12, 1, 2] }
}

describe('the section about catching up', () => {
  test('says how far, how fast, how evenly, and at what cost', () => {
    const page = catchUpPage(caughtUp)
    expect(page).toContain('the others are 10003 rounds (30007 commits) ahead, 230.5 s later')
    expect(page).toContain('- caught up in 40 s, commit by commit; it answered after 1.2 s')
    expect(page).toContain(
      '- 900 commits a second from its first answer on; by fifths of the way 800,'
    )
    expect(page).toContain('| while it caught up | 20 | 4600 | 11.0 | never | 0.61 | 45.3 |')
    expect(page).toContain('| during over before | | 0.92 | 1.1 | - | 1.05 | |')
    expect(page).toContain('less than 10 % of what they order: **reached**.')
  })

  test('says what was not reached, and what was different', () => {
    const ratio = { ...caughtUp.others.ratio, throughput: 0.9 }
    const others = { ...caughtUp.others, ratio }
    const settings = { ...caughtUp.settings, changed: { log: {} } }
    const odd = { ...caughtUp, settings, others, secondsToCatchUp: null, agreement: false }
    const page = catchUpPage(odd)
    expect(page).toContain('- **not** caught up in 600 s')
    expect(page).toContain('agreement: **no**')
    expect(page).toContain('durable, {"log":{}})')
    expect(page).toContain('order: **not reached**.')
    expect(catchUpPage({ ...caughtUp, snapshotAdopted: true })).toContain('with a snapshot')
  })
})

const memory: MemoryResult = {
  command: 'novacron bench ordering --rate 50000',
  date: 'today',
  machine: { cpu: 'a CPU', cores: 2, node: 'v24', loadAverage: [1.23, 2, 3] },
  settings: { durationSeconds: 600, limits: { growthMax: 0.1 } },
  daemons: [
    {
      node: 'node-1',
      marks: [
        { atSeconds: 120, rssBytes: 300e6 },
        { atSeconds: 245, rssBytes: 310e6 }
      ],
      slopeBytesPerMinute: 1_250_000,
      growth: 0.02,
      peakRssBytes: 333e6,
      peakDiskBytes: 3 * 2 ** 30
    }
  ],
  faults: [],
  summary: { throughput: 49_990, latencyMs: { p50: 40, p99: null } }
}

describe('the section about memory', () => {
  test('has a row for each daemon, and a verdict', () => {
    const page = memoryPage(memory)
    expect(page).toContain(
      '| daemon | MB at 2 min | MB at 4.1 min | slope MB/min | peak MB | disk GiB |'
    )
    expect(page).toContain('| node-1 | 300 | 310 | 1.3 (2 %) | 333 | 3.00 |')
    expect(page).toContain('Ordered: 49990 tx/s, p50 40.0 ms, p99 never ms.')
    expect(page).toContain('**Reached**: level')
  })

  test('says what was not reached', () => {
    const page = memoryPage({ ...memory, daemons: [], summary: null, faults: ['a', 'b'] })
    expect(page).toContain('It ended early.')
    expect(page).toContain('**Not reached**: a; b.')
  })
})

describe('the goals', () => {
  const row = (page: string, what: string) =>
    page.split('\n').find(line => line.startsWith(`| ${what}`)) ?? ''

  test('say what was reached, what was missed and by how much, and what was not measured', () => {
    const ordering = new Map([
      ['ordering-1000', { ...result, latencyMs: { p50: 20, p99: 90 } }],
      [
        'ordering-100-326000',
        { ...result, settings: { ...result.settings, ratePerSecond: 700_000 } }
      ],
      ['ordering-512-max', { ...result, latencyMs: { p99: 501 } }],
      ['ordering-single-30000', { ...result, transactions: { missing: 1 } }],
      ['ordering-crash', { ...result, agreement: false }],
      ['ordering-ten-20mbit', { ...result, throughput: 4_500 }],
      ['ordering-ten-20mbit-single-leader', { ...result, throughput: 1_000 }]
    ])
    const page = goalsPage(ordering, memory)
    expect(row(page, '1,000 tx/s: p50')).toMatch(/\| 25 \| 12 \| ms \| 20 .* \| reached \|$/)
    expect(row(page, '1,000 tx/s: p99')).toMatch(/\| \*\*missed by 50 %\*\* \|$/)
    expect(row(page, '100-byte')).toMatch(/\| tx\/s \| 700,000 .* \| aim reached \|$/)
    expect(row(page, 'one for each write')).toMatch(/\| 990 .* \| \*\*missed by 96.7 %\*\* \|$/)
    expect(row(page, '512-byte')).toMatch(/\| \*\*missed: p99 of 501 ms\*\* \|$/)
    expect(row(page, 'one of four killed')).toMatch(/\| \*\*missed: no agreement\*\* \|$/)
    expect(row(page, '10 nodes')).toMatch(/\| times \| 4.5 .* \| reached \|$/)
    expect(row(page, 'memory')).toMatch(/\| MB \| 333 .* \| aim reached \|$/)
    expect(row(page, '`kv` puts')).toMatch(/\| - \| \*\*not measured\*\* \|$/)
  })

  test('are missed where something was not acknowledged, be it in a run that is not the one in the middle', () => {
    const lost = { p50: 20, p99: 55, missing: 1 }
    const ordering = new Map([
      ['ordering-1000', { ...result, repeats: [lost] }],
      ['ordering-delay-25', { ...result, transactions: { missing: 1 } }],
      ['ordering-kv-60000', { ...result, repeats: [lost] }]
    ])
    const page = goalsPage(ordering, memory)
    for (const what of ['1,000 tx/s: p50', '1,000 tx/s: p99', '25 ms', '`kv` puts']) {
      expect(row(page, what)).toContain('**missed: not all was acknowledged**')
    }
  })

  test('of memory that is not level are missed', () => {
    const page = goalsPage(new Map(), { ...memory, faults: ['node-1 grows'] })
    expect(row(page, 'memory')).toContain('**missed: node-1 grows**')
  })
})

describe('the sections about faults', () => {
  const seeds = {
    protocol: 'bullshark',
    replicas: 10,
    seeds: 3,
    passed: 3,
    failed: [],
    virtualSeconds: 60.4,
    steps: 12,
    traceHash: 'abc',
    virtualSecondsPerSecond: 20.5,
    virtualSecondsPerCpuSecond: 11,
    workers: 2
  }

  const sound = { acknowledged: 5, lost: 0, duplicated: 0, notes: ['fine'] }

  test('say how many seeds passed, and which did not', () => {
    expect(seedsPage(seeds)).toContain('3 of 3 passed, in 60 virtual seconds')
    const failed = [{ seed: 7, verdict: 'stalled' }]
    expect(seedsPage({ ...seeds, passed: 2, failed })).toContain('2 of 3 passed (seed 7 stalled)')
  })

  test('have a row for each scenario, with the reason of what failed', () => {
    const page = chaosPage({
      nodes: 4,
      seed: 1,
      passed: 1,
      failed: 1,
      skipped: 0,
      scenarios: [
        { ...sound, name: 'a', verdict: 'passed', recoveryMs: 20 },
        { ...sound, name: 'b', verdict: 'failed', recoveryMs: null, lost: 2, notes: ['too late'] }
      ]
    })
    expect(page).toContain('1 passed,\n1 failed')
    expect(page).toContain('2 lost, 0 doubled')
    expect(page).toContain(
      '| a | passed | 20 | 5 | 0 | 0 |\n| b | **failed**: too late | - | 5 | 2 | 0 |'
    )
  })

  test('has the number of crashes', () => {
    const scenario = {
      ...sound,
      name: 'kill-9-mid-write',
      verdict: 'passed',
      recoveryMs: 20
    } as const
    const page = killsPage({
      nodes: 4,
      seed: 1,
      passed: 1,
      failed: 0,
      skipped: 0,
      scenarios: [{ ...scenario, counts: { kills: 217 } }]
    })
    expect(page).toContain(
      'passed;\n217 kills of real daemons, 5 transactions acknowledged, 0 lost'
    )
  })
})

describe('the section about narrow interfaces', () => {
  const stepsOf = (...rates: readonly number[]) => rates.map(rate => ({ rate, runs: [] }))

  test('has the ratio from the last rates that were held and the first that was not', () => {
    const line = ratioLine({
      protocols: [
        { protocol: 'single-leader', steps: stepsOf(400, 500, 600) },
        { protocol: 'bullshark-turbo', steps: stepsOf(400, 3_000, 4_000) }
      ]
    })
    expect(line).toBe(
      'bullshark-turbo holds 3000 tx/s, the single leader 500 and not 600: **5.0 to 6.0 times** as much.'
    )
  })

  test('says that no rate was held', () => {
    const protocols = [
      { protocol: 'single-leader', steps: stepsOf(400) },
      { protocol: 'bullshark-turbo', steps: stepsOf(400, 3_000) }
    ]
    expect(ratioLine({ protocols })).toBe('No rate was held.')
  })
})
