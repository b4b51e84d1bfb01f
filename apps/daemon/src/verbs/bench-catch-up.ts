import { benchCatchUp } from '../bench/catch-up.ts'
import { describeCatchUp } from '../bench/catch-up-report.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { integer, jsonObject } from '../settings.ts'
import { commandLine } from '../shell-word.ts'
import { type AddVerb, addExamples, durationOption } from '../verb.ts'

interface CatchUpVerbOptions {
  readonly nodes: number
  readonly rate: number
  readonly txBytes: number
  readonly behind: number
  readonly close: number
  readonly clients?: number
  readonly warmup: number
  readonly baseline: number
  readonly within: number
  readonly nodeOptions?: object
  readonly clusterOptions?: object
  readonly timeout: number
  readonly json?: boolean
}

/** `bench catch-up`. */
export const addCatchUp: AddVerb = (bench, { io, argv, exit }) => {
  const command = bench
    .command('catch-up')
    .description('Let one daemon fall behind under load, and measure how it catches up.')
    .option('--nodes <count>', 'daemons', integer(4, 31), 4)
    .option('--rate <tx/s>', 'transactions a second', integer(1, 10_000_000), 5_000)
    .option('--tx-bytes <count>', 'payload of a transaction', integer(1, 131_072), 512)
    .option('--behind <rounds>', 'until it is started again', integer(1, 10_000_000), 10_000)
    .option('--close <commits>', 'lacking so many it has caught up', integer(0, 1_000_000), 50)
    .option(
      '--clients <count>',
      'connections that submit, to the other daemons (default: one to each)',
      integer(1, 1_024)
    )
    .addOption(durationOption('--warmup <time>', 'load before all, which does not count', '5s'))
    .addOption(durationOption('--baseline <time>', 'measure with all daemons first', '20s'))
    .addOption(durationOption('--within <time>', 'for it to catch up', '10m'))
    .option('--node-options <json>', 'changes to the configuration of the daemons', jsonObject)
    .option('--cluster-options <json>', 'changes to the genesis', jsonObject)
    .addOption(durationOption('--timeout <time>', 'for all daemons to be up', '60s'))
    .option('--json', 'print the report as one JSON object')
    .action(async (options: CatchUpVerbOptions) => exit(await runCatchUp(options, argv, io)))
  addExamples(
    command,
    'novacron bench catch-up',
    'novacron bench catch-up --behind 1000 --rate 2000 --json'
  )
}

async function runCatchUp(
  options: CatchUpVerbOptions,
  argv: readonly string[],
  io: Io
): Promise<ExitCode> {
  const { nodes, nodeOptions, clusterOptions } = options
  const note = (text: string): void => void io.stderr.write(`novacron: ${text}\n`)
  const report = await benchCatchUp(
    {
      nodes,
      ratePerSecond: options.rate,
      transactionBytes: options.txBytes,
      connections: options.clients ?? nodes - 1,
      behindRounds: options.behind,
      closeCommits: options.close,
      warmupMs: options.warmup,
      baselineMs: options.baseline,
      withinMs: options.within,
      readyMs: options.timeout,
      ...(nodeOptions === undefined ? {} : { nodeOptions }),
      ...(clusterOptions === undefined ? {} : { clusterOptions })
    },
    io,
    note
  )
  if (options.json === true) writeJson(io, { ...report, command: commandLine(argv) })
  else io.stdout.write(describeCatchUp(report))
  if (!report.agreement) note('failed: not all nodes were seen to agree')
  return report.agreement && report.isCaughtUp ? exitCodes.ok : exitCodes.failed
}
