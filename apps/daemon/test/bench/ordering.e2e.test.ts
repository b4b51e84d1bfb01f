import { expect, test } from 'vitest'
import type { BenchReport } from '../../src/bench/report.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'

async function bench(...argv: readonly string[]) {
  const io = captureIo({ env: process.env })
  const exitCode = await run(['bench', 'ordering', '--duration', '2s', ...argv], io)
  return { exitCode, io }
}

test('measures a network of daemons, each transaction of it', async () => {
  const { exitCode, io } = await bench('--rate', '200', '--warmup', '1s', '--json')
  expect(exitCode, io.stderr.text).toBe(0)
  const report = JSON.parse(io.stdout.text) as BenchReport
  expect(report).toMatchObject({
    benchmark: 'ordering',
    transactions: { due: 400, acknowledged: 400, missing: 0 },
    agreement: true,
    protocol: 'bullshark-turbo',
    encryption: 'tls',
    plane: 'direct'
  })
  const typed = 'bench ordering --duration 2s --rate 200 --warmup 1s --json'
  expect(report).toHaveProperty('command', `novacron ${typed}`)
  expect(report.throughput).toBeGreaterThan(0)
  expect(report.latencyMs.p999).toBeGreaterThanOrEqual(report.latencyMs.p50 as number)
  expect(report.cpuSeconds.perNode).toHaveLength(4)
  for (const seconds of report.cpuSeconds.perNode) expect(seconds).toBeGreaterThan(0)
  expect(report.peakRssBytes).toBeGreaterThan(10_000_000)
  for (const count of [report.wireBytes, report.signaturesChecked, report.fsyncs]) {
    expect(count).toBeGreaterThan(0)
  }
})

test('prints a table for people, of puts and of single writes too', async () => {
  const argv = ['--nodes', '1', '--rate', '50', '--warmup', '500ms']
  const { exitCode, io } = await bench(...argv, '--app', 'kv', '--writes', 'single')
  expect(exitCode, io.stderr.text).toBe(0)
  expect(io.stdout.text).toMatch(
    /^1 node, bullshark-turbo, none \(none\), kv, 512 bytes, 50 tx\/s offered for 2 s\nlinks +loopback\nthroughput +\d+ tx\/s/
  )
  expect(io.stdout.text).toContain('100 of 100 acknowledged')
  expect(io.stdout.text).toContain('agreement   yes')
})

test('goes on through proxies of ours with a daemon killed, and tells where time went', async () => {
  const argv = ['--rate', '50', '--warmup', '500ms', '--crash', '1', '--encryption', 'noise']
  const links = ['--delay-ms', '2', '--node-mbit', '100', '--cpu-prof', '--json']
  const { exitCode, io } = await bench(...argv, ...links)
  expect(exitCode, io.stderr.text).toBe(0)
  const report = JSON.parse(io.stdout.text) as BenchReport
  expect(report).toMatchObject({
    settings: { delayMs: 2, nodeMbit: 100, links: 'proxies', crash: 1 },
    agreement: true,
    encryption: 'noise',
    plane: 'libp2p'
  })
  expect(report.cpuSeconds.perNode[3]).toBeNull()
  expect(report.recoveryLatencyMs).toBeDefined()
  expect(report.profile?.length).toBeGreaterThan(5)
})

test('limits what each node sends, and measures the single leader beside the others', async () => {
  const argv = ['--protocol', 'single-leader', '--node-mbit', '50', '--rate', '100']
  const { exitCode, io } = await bench(...argv, '--warmup', '1s', '--json')
  expect(exitCode, io.stderr.text).toBe(0)
  const report = JSON.parse(io.stdout.text) as BenchReport
  expect(report).toMatchObject({
    transactions: { due: 200, acknowledged: 200, missing: 0 },
    agreement: true,
    protocol: 'single-leader'
  })
  expect(['namespaces', 'proxies']).toContain(report.settings.links)
})

test.each([
  {
    name: 'it is a search that is to be repeated',
    argv: ['--rate', 'max', '--repeat', '5'],
    text: '--repeat 5 needs one rate; give --rate <tx/s>'
  },
  {
    name: 'no quorum would be left',
    argv: ['--nodes', '4', '--crash', '2'],
    text: '--crash 2 leaves no quorum of --nodes 4; give at most 1, or more nodes'
  },
  {
    name: 'no majority would be left',
    argv: ['--protocol', 'single-leader', '--nodes', '5', '--crash', '3'],
    text: 'give at most 2, or more nodes'
  },
  {
    name: 'sockets of TLS are asked for with Noise',
    argv: ['--encryption', 'noise', '--direct'],
    text: '--direct is TLS; leave it out, or --encryption noise'
  },
  {
    name: 'connections are counted twice',
    argv: ['--clients', '2', '--connections', '3'],
    text: "'--connections <count>' cannot be used with option '--clients <count>'"
  },
  {
    name: 'daemons cannot be configured so',
    argv: ['--node-options', '{"retentoin":{}}'],
    text: "option '--node-options <json>': retentoin is an unknown key"
  },
  {
    name: 'no genesis can be made so',
    argv: ['--cluster-options', '{"batchBytesMax":1}'],
    text: "option '--cluster-options <json>': cluster.batchBytesMax is 1"
  },
  { name: 'one rate has no twice', argv: ['--overload'], text: '--overload needs --rate max' },
  { name: 'a change is an object', argv: ['--node-options', '[]'], text: 'a JSON object' },
  { name: 'a change is JSON', argv: ['--cluster-options', '{'], text: 'a JSON object' },
  {
    name: 'a rate is a number or max',
    argv: ['--rate', 'much'],
    text: 'an integer from 1 to 10000000, or max.'
  },
  {
    name: 'the daemons that are left take fewer clients',
    argv: ['--nodes', '4', '--crash', '1', '--clients', '769'],
    text: "--clients 769 are more than 3 of the daemons take; give at most 768, or --node-options '{"
  },
  {
    name: 'daemons are told to take fewer clients',
    argv: ['--clients', '9', '--node-options', '{"limits":{"ingestConnections":2}}'],
    text: '--clients 9 are more than 4 of the daemons take; give at most 8'
  }
])('is refused when $name', async ({ argv, text }) => {
  const { exitCode, io } = await bench(...argv)
  expect(exitCode).toBe(2)
  expect(io.stderr.text).toContain(text)
})
