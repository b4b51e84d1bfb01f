import { faultyWeight } from '@novacron/base'
import {
  defaultClusterOptions,
  defaultNodeOptions,
  type NodeOptions,
  type OrderingProtocol,
  orderingProtocols
} from '@novacron/node'
import { Option } from 'commander'
import { type GeneratorPlan, runGenerator } from '../bench/generator.ts'
import { benchOrdering } from '../bench/ordering.ts'
import type { BenchApplication } from '../bench/payload-plan.ts'
import { describeRepeats, type RepeatReport, repeatOrdering } from '../bench/repeat.ts'
import { type BenchReport, describeReport } from '../bench/report.ts'
import { describeSweep, type SweepReport, sweep } from '../bench/sweep.ts'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, endOf, exitCodes, type Io, writeJson } from '../io.ts'
import { integer, jsonObject, oneOf } from '../settings.ts'
import { commandLine } from '../shell-word.ts'
import { type AddVerb, addExamples, durationOption } from '../verb.ts'
import { addCatchUp } from './bench-catch-up.ts'

interface OrderingVerbOptions {
  readonly nodes: number
  readonly protocol: OrderingProtocol
  readonly txBytes: number
  readonly rate: number | 'max'
  readonly overload?: boolean
  readonly repeat: number
  readonly duration: number
  readonly warmup: number
  readonly clients: number
  readonly connections?: number
  readonly app: BenchApplication
  readonly writes: 'batched' | 'single'
  readonly encryption: 'tls' | 'noise'
  readonly direct?: boolean
  readonly delayMs: number
  readonly nodeMbit: number
  readonly crash: number
  readonly nodeOptions?: object
  readonly clusterOptions?: object
  readonly cpuProf?: boolean
  readonly timeout: number
  readonly json?: boolean
}

export const addBench: AddVerb = (program, { io, argv, exit }) => {
  const bench = program.command('bench').description('Measure what a local network can do.')
  const ordering = bench
    .command('ordering')
    .description('Load a local network of daemon processes, and measure throughput and latency.')
    .option('--nodes <count>', 'daemons', integer(1, 31), 4)
    .option(
      '--protocol <name>',
      orderingProtocols.join(' | '),
      oneOf(...orderingProtocols),
      defaultClusterOptions.protocol
    )
    .option('--tx-bytes <count>', 'payload of a transaction; kv: of its value', size, 512)
    .option(
      '--rate <tx/s>',
      'transactions a second, or max: what p99 of 500 ms bears, 20 runs or so',
      rate,
      20_000
    )
    .option('--overload', 'with --rate max: also run at twice the saturation')
    .option(
      '--repeat <count>',
      'runs; the one with the p99 in the middle is told',
      integer(1, 99),
      1
    )
    .addOption(durationOption('--duration <time>', 'measure for this long', '30s'))
    .addOption(durationOption('--warmup <time>', 'load before it, which does not count', '5s'))
    .option('--clients <count>', 'connections that submit', integer(1, 1_024), 4)
    .addOption(
      new Option('--connections <count>', 'the same as --clients')
        .argParser(integer(1, 1_024))
        .conflicts('clients')
    )
    .option('--app <name>', 'log | kv', oneOf('log', 'kv'), 'log')
    .option('--writes <kind>', 'batched | single', oneOf('batched', 'single'), 'batched')
    .option('--encryption <name>', 'tls | noise', oneOf('tls', 'noise'), 'tls')
    .option(
      '--direct',
      'frames over TLS sockets of the daemons in place of libp2p streams; default with tls'
    )
    .option('--no-direct', 'frames over libp2p streams alone')
    .option('--delay-ms <ms>', 'one way on every link, by proxies', integer(0, 10_000), 0)
    .option(
      '--node-mbit <rate>',
      'of each node, in and out; by tbf in network namespaces, else by proxies',
      integer(0, 100_000),
      0
    )
    .option('--crash <count>', 'daemons to kill after the warm-up', integer(0, 30), 0)
    .option('--node-options <json>', 'changes to the configuration of the daemons', jsonObject)
    .option('--cluster-options <json>', 'changes to the genesis', jsonObject)
    .option('--cpu-prof', 'profile the first daemon, and tell where its time went')
    .addOption(durationOption('--timeout <time>', 'for all daemons to be up', '60s'))
    .option('--json', 'print the report as one JSON object')
    .action(async (options: OrderingVerbOptions) => exit(await runOrdering(options, argv, io)))
  addExamples(
    ordering,
    'novacron bench ordering',
    'novacron bench ordering --rate max --duration 30s --json',
    'novacron bench ordering --rate 1000 --repeat 5',
    'novacron bench ordering --rate 1000 --delay-ms 25',
    'novacron bench ordering --protocol single-leader --nodes 10 --node-mbit 20 --rate max'
  )
  addCatchUp(bench, { io, argv, exit })
  addGenerator(bench, { io, argv, exit })
}

const addGenerator: AddVerb = (bench, { io, exit }) => {
  bench
    .command('generator', { hidden: true })
    .description('Submit load as the plan says; JSON lines on standard output.')
    .requiredOption('--plan <json>', 'what to submit, and where')
    .action(async ({ plan }: { plan: string }) => exit(await generate(plan, io)))
}

const size = integer(1, 131_072)
const rate = integer(1, 10_000_000, 'max')

async function runOrdering(
  options: OrderingVerbOptions,
  argv: readonly string[],
  io: Io
): Promise<ExitCode> {
  const { nodes, crash, rate: asked, overload: isOverloaded = false, repeat } = options
  checkTogether(options)
  const note = (text: string): void => void io.stderr.write(`novacron: ${text}\n`)
  const run = {
    nodes,
    crash,
    application: options.app,
    transactionBytes: options.txBytes,
    warmupMs: options.warmup,
    durationMs: options.duration,
    connections: options.connections ?? options.clients,
    writes: options.writes,
    encryption: options.encryption,
    isDirect: options.direct ?? options.encryption === 'tls',
    delayMs: options.delayMs,
    nodeMbit: options.nodeMbit,
    isProfiled: options.cpuProf === true,
    readyMs: options.timeout,
    ...(options.nodeOptions === undefined ? {} : { nodeOptions: options.nodeOptions }),
    clusterOptions: { ...protocolOf(options), ...options.clusterOptions }
  }
  const measure = (): Promise<BenchReport | RepeatReport | SweepReport> => {
    if (asked === 'max') return sweep({ ...run, isOverloaded }, io, note)
    const fixed = { ...run, ratePerSecond: asked }
    return repeat > 1 ? repeatOrdering(fixed, repeat, io, note) : benchOrdering(fixed, io, note)
  }
  const report = await measure()
  if (options.json === true) writeJson(io, { ...report, command: commandLine(argv) })
  else io.stdout.write(describe(report))
  const failure = failureOf(report)
  if (failure === undefined) return exitCodes.ok
  note(`failed: ${failure}`)
  return exitCodes.failed
}

/** What is right by itself and makes no sense together. */
function checkTogether(options: OrderingVerbOptions): void {
  const { nodes, crash, rate, overload, repeat, encryption, direct, protocol } = options
  // A single leader needs more than half, and trusts them.
  const crashMax = protocol === 'single-leader' ? (nodes - 1) >> 1 : faultyWeight(nodes)
  if (crash > crashMax) {
    const remedy = `give at most ${crashMax}, or more nodes`
    throw commandFault('usage', `--crash ${crash} leaves no quorum of --nodes ${nodes}; ${remedy}`)
  }
  if (overload === true && rate !== 'max')
    throw commandFault('usage', '--overload needs --rate max')
  if (repeat > 1 && rate === 'max') {
    throw commandFault('usage', `--repeat ${repeat} needs one rate; give --rate <tx/s>`)
  }
  if (encryption === 'noise' && direct === true) {
    throw commandFault('usage', '--direct is TLS; leave it out, or --encryption noise')
  }
  checkConnections(options)
}

/** Clients of a daemon that is killed go on through the others. */
function checkConnections({ nodes, crash, ...options }: OrderingVerbOptions): void {
  const connections = options.connections ?? options.clients
  const { limits }: Partial<NodeOptions> = options.nodeOptions ?? {}
  const { ingestConnections } = { ...defaultNodeOptions.limits, ...limits }
  const max = (nodes - crash) * ingestConnections
  if (connections <= max) return
  const remedy = `give at most ${max}, or --node-options '{"limits":{"ingestConnections":${connections}}}'`
  throw commandFault(
    'usage',
    `--clients ${connections} are more than ${nodes - crash} of the daemons take; ${remedy}`
  )
}

function describe(report: BenchReport | RepeatReport | SweepReport): string {
  if (isSweep(report)) return describeSweep(report)
  return 'repeats' in report ? describeRepeats(report) : describeReport(report)
}

function isSweep(report: BenchReport | SweepReport): report is SweepReport {
  return 'probes' in report
}

function failureOf(report: BenchReport | SweepReport): string | undefined {
  const { agreement, throughput } = report
  if (!agreement) return 'not all nodes were seen to agree'
  if (isSweep(report) && !report.isHeld) return 'no rate was held for the whole duration'
  return throughput === 0 ? 'nothing was acknowledged while it was measured' : undefined
}

/** Nothing when it is what a genesis has anyway: only what differs is told as changed. */
function protocolOf({ protocol }: OrderingVerbOptions): object {
  return protocol === defaultClusterOptions.protocol ? {} : { protocol }
}

/** The other half of it, in a process of its own. */
async function generate(plan: string, io: Io): Promise<ExitCode> {
  const stop = AbortSignal.any([io.signal, endOf(io.stdin)])
  const result = await runGenerator(
    JSON.parse(plan) as GeneratorPlan,
    message => writeJson(io, message),
    stop
  )
  writeJson(io, { type: 'finished', ...result })
  return exitCodes.ok
}
