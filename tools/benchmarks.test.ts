import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { benchmarksPage } from './benchmarks.ts'
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
    connections: 4,
    writes: 'batched',
    delayMs: 0,
    nodeMbit: 0,
    links: 'loopback',
    crash: 0,
    changed: {}
  },
  throughput: 990,
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
    expect(page).toContain('[4 nodes, bullshark, tls (libp2p); log, 512 B, 30 s; a CPU')
    expect(page).toContain(
      '(benchmarks/ordering-a.json) | 1000 | 990 | 10.0 | 20.0 | never | - | 200 | 30 % | yes |'
    )
    expect(page).not.toContain('| % |')
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
      '- 10 nodes with 20 Mbit/s each: bullshark orders 2100 tx/s and the single leader 500, **4.2 times** as much'
    )
    expect(page.match(/times\*\*/g)).toHaveLength(1)
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
    const overload = { ratePerSecond: 2_000, ratio: 0.95 }
    const profile = [{ name: 'step', place: 'machine.js:1', percent: 12 }]
    const odd = { ...result, settings, overload, profile, agreement: false, cpuMsPerMB: 29.6 }
    const page = orderingPage(new Map([['ordering-b', odd]]))
    expect(page).toContain(
      'tls (libp2p); log, 512 B, 30 s; single writes on 128 connections; 25 ms one way; 20 Mbit/s for each node, by proxies; 1 killed; {"tier":"wan"}; at twice the load 0.95 of it'
    )
    expect(page).toContain('| 30 | 200 | 30 % | **no** |')
    expect(page).toContain('| 12.0 | `step` | machine.js:1 |')
  })
})
