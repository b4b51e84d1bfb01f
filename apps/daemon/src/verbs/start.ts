import { Fault } from '@novacron/base'
import { startNode } from '@novacron/node'
import { Option } from 'commander'
import { tuneCollector } from '../collector.ts'
import { missingFlags } from '../daemon-flags.ts'
import { describeFailure } from '../describe-failure.ts'
import { aborted, type ExitCode, endOf, exitCodes, type Io, writeJson } from '../io.ts'
import { dataDirectory } from '../settings.ts'
import { type AddVerb, addExamples } from '../verb.ts'

interface StartOptions {
  readonly dataDir?: string
  readonly tied?: boolean
  readonly json?: boolean
}

export const addStart: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('start')
    .description('Run the daemon in the foreground until Ctrl-C or novacron stop.')
    .option('--data-dir <dir>', 'data directory of the node')
    .option('--json', 'print one JSON line when the node has started')
    .addOption(new Option('--tied', 'stop when standard input ends').hideHelp())
    .action(async (options: StartOptions) => exit(await start(options, io)))
  addExamples(command, 'novacron start', 'novacron start --data-dir ./alpha 2>> alpha.log &')
}

async function start(options: StartOptions, io: Io): Promise<ExitCode> {
  tuneCollector()
  const directory = dataDirectory(options.dataDir, io)
  const missing = missingFlags(io.program.flags, io.env['NODE_OPTIONS'])
  if (missing.length > 0) {
    io.stderr.write(
      `novacron: runs without the V8 flags ${missing.join(' ')}, so it collects garbage too often; start it with the novacron command\n`
    )
  }
  const signal = options.tied === true ? AbortSignal.any([io.signal, endOf(io.stdin)]) : io.signal
  try {
    await using node = await startNode(directory, {}, signal)
    if (options.json === true) writeJson(io, { started: node.name, directory })
    const reason = await Promise.race([node.stopped, aborted(signal)])
    if (reason?.type !== 'failed') return exitCodes.ok
    io.stderr.write(`novacron: ${node.name} failed: ${describeFailure(reason.error).text}\n`)
    return exitCodes.failed
  } catch (error) {
    // Who ended it before it was up knows why it is not.
    if (signal.aborted && !(error instanceof Fault)) return exitCodes.ok
    throw error
  }
}
