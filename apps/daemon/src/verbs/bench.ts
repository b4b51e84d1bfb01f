import { type GeneratorPlan, runGenerator } from '../bench/generator.ts'
import { benchOrdering } from '../bench/ordering.ts'
import type { BenchApplication } from '../bench/payload-plan.ts'
import { describeReport } from '../bench/report.ts'
import { type ExitCode, endOf, exitCodes, type Io, writeJson } from '../io.ts'
import { integer, oneOf } from '../settings.ts'
import { type AddVerb, addExamples, durationOption } from '../verb.ts'

interface OrderingVerbOptions {
  readonly nodes: number
  readonly txBytes: number
  readonly rate: number
  readonly duration: number
  readonly warmup: number
  readonly clients: number
  readonly app: BenchApplication
  readonly writes: 'batched' | 'single'
  readonly timeout: number
  readonly json?: boolean
}

export const addBench: AddVerb = (program, { io, exit }) => {
  const bench = program.command('bench').description('Measure what a local network can do.')
  const ordering = bench
    .command('ordering')
    .description('Load a local network of daemon processes, and measure throughput and latency.')
    .option('--nodes <count>', 'daemons', integer(1, 31), 4)
    .option('--tx-bytes <count>', 'payload of a transaction', integer(1, 131_072), 512)
    .option('--rate <tx/s>', 'transactions a second', integer(1, 10_000_000), 20_000)
    .addOption(durationOption('--duration <time>', 'measure for this long', '30s'))
    .addOption(durationOption('--warmup <time>', 'load before it, which does not count', '5s'))
    .option('--clients <count>', 'connections that submit', integer(1, 128), 4)
    .option('--app <name>', 'log | kv', oneOf('log', 'kv'), 'log')
    .option('--writes <kind>', 'batched | single', oneOf('batched', 'single'), 'batched')
    .addOption(durationOption('--timeout <time>', 'for all daemons to be up', '60s'))
    .option('--json', 'print the report as one JSON object')
    .action(async (options: OrderingVerbOptions) => exit(await runOrdering(options, io)))
  addExamples(
    ordering,
    'novacron bench ordering',
    'novacron bench ordering --rate 100000 --duration 10s --json'
  )
  bench
    .command('generator', { hidden: true })
    .description('Submit load as the plan says; JSON lines on standard output.')
    .requiredOption('--plan <json>', 'what to submit, and where')
    .action(async ({ plan }: { plan: string }) => exit(await generate(plan, io)))
}

async function runOrdering(options: OrderingVerbOptions, io: Io): Promise<ExitCode> {
  const note = (text: string): void => void io.stderr.write(`novacron: ${text}\n`)
  const report = await benchOrdering(
    {
      nodes: options.nodes,
      application: options.app,
      transactionBytes: options.txBytes,
      ratePerSecond: options.rate,
      warmupMs: options.warmup,
      durationMs: options.duration,
      connections: options.clients,
      writes: options.writes,
      readyMs: options.timeout
    },
    io,
    note
  )
  if (options.json === true) writeJson(io, report)
  else io.stdout.write(describeReport(report))
  if (report.agreement) return exitCodes.ok
  note('failed: not all nodes were seen to agree')
  return exitCodes.failed
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
