import { runDevnet } from '../devnet/devnet.ts'
import { describeSummary } from '../devnet/summary.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { duration, integer } from '../settings.ts'
import { type AddVerb, addExamples, durationOption } from '../verb.ts'

interface DevnetVerbOptions {
  readonly nodes: number
  readonly duration?: number
  readonly load: number
  readonly txBytes: number
  readonly dir?: string
  readonly keep?: boolean
  readonly json?: boolean
  readonly timeout: number
}

export const addDevnet: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('devnet')
    .description('Run a local network of separate daemon processes until Ctrl-C; prints a summary.')
    .option('--nodes <count>', 'daemons', integer(1, 31), 4)
    .option('--duration <time>', 'end after this long, such as 20s (default: at Ctrl-C)', duration)
    .option(
      '--load <tx/s>',
      'transactions to submit a second, 0 for none',
      integer(0, 1_000_000),
      0
    )
    .option('--tx-bytes <count>', 'payload of each of them', integer(1, 131_072), 512)
    .option('--dir <dir>', 'keep everything there; one from an earlier run is started again')
    .option('--keep', 'do not remove the temporary directory')
    .addOption(durationOption('--timeout <time>', 'for all daemons to be up', '60s'))
    .option('--json', 'print the summary as one JSON object')
    .action(async (options: DevnetVerbOptions) => exit(await devnet(options, io)))
  addExamples(
    command,
    'novacron devnet',
    'novacron devnet --nodes 4 --duration 20s --load 2000 --json',
    'novacron devnet --nodes 7 --dir ./net'
  )
}

async function devnet(options: DevnetVerbOptions, io: Io): Promise<ExitCode> {
  const { nodes, load, txBytes, keep = false, timeout } = options
  const outcome = await runDevnet(
    {
      nodes,
      ratePerSecond: load,
      transactionBytes: txBytes,
      keep,
      readyMs: timeout,
      ...(options.duration === undefined ? {} : { durationMs: options.duration }),
      ...(options.dir === undefined ? {} : { dir: options.dir })
    },
    io
  )
  const { summary, agreed, failures } = outcome
  if (options.json === true) writeJson(io, summary)
  else io.stdout.write(describeSummary(summary, agreed))
  if (failures.length === 0) return exitCodes.ok
  io.stderr.write(`novacron: failed: ${failures.join('; ')}\n`)
  return exitCodes.failed
}
