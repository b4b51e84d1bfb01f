import { type ExitCode, endOf, exitCodes, type Io, writeJson } from '../io.ts'
import { runLoad } from '../load/load-run.ts'
import { duration, integer, several } from '../settings.ts'
import type { AddVerb } from '../verb.ts'

interface LoadVerbOptions {
  readonly control: readonly string[]
  readonly rate: number
  readonly bytes: number
  readonly duration?: number
  readonly drain: number
  readonly trace?: boolean
}

/** The other half of `devnet --load`, in a process of its own so that it measures the nodes and not itself. */
export const addLoad: AddVerb = (program, { io, exit }) => {
  program
    .command('load', { hidden: true })
    .description(
      'Submit load until the duration is over or standard input ends; JSON lines on standard output.'
    )
    .requiredOption('--control <socket>', 'control socket of a node; several times', several)
    .requiredOption('--rate <count>', 'transactions a second', integer(1, 1_000_000))
    .requiredOption('--bytes <count>', 'payload of a transaction', integer(1, 8_388_608))
    .option('--duration <time>', 'length of the load', duration)
    .option('--drain <time>', 'wait for acknowledgements after it', duration, 15_000)
    .option('--trace', 'print every acknowledgement')
    .action(async (options: LoadVerbOptions) => exit(await load(options, io)))
}

async function load(options: LoadVerbOptions, io: Io): Promise<ExitCode> {
  const stop = AbortSignal.any([io.signal, endOf(io.stdin)])
  const result = await runLoad(
    {
      controls: options.control,
      ratePerSecond: options.rate,
      transactionBytes: options.bytes,
      drainMs: options.drain,
      isTraced: options.trace === true,
      ...(options.duration === undefined ? {} : { durationMs: options.duration })
    },
    message => writeJson(io, message),
    stop
  )
  writeJson(io, { type: 'finished', ...result })
  return exitCodes.ok
}
