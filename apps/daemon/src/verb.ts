import { type Command, Option } from 'commander'
import type { ExitCode, Io } from './io.ts'
import { duration } from './settings.ts'

export interface VerbNeeds {
  readonly io: Io
  /** The whole command line, without `node` and the name of the program. */
  readonly argv: readonly string[]
  /** Told once, by the verb that ran. */
  readonly exit: (code: ExitCode) => void
}

/** Adds one verb to the program. */
export type AddVerb = (program: Command, needs: VerbNeeds) => void

/** Options of every verb that talks to a node. */
export interface NodeVerbOptions {
  readonly dataDir?: string
  readonly json?: boolean
  /** Milliseconds. */
  readonly timeout: number
}

export function addNodeOptions(command: Command, timeout = '10s'): Command {
  return command
    .option('--data-dir <dir>', 'data directory of the node')
    .option('--json', 'print JSON')
    .addOption(
      durationOption('--timeout <time>', 'give up after this long, such as 500ms, 20s, 2m', timeout)
    )
}

/** A duration with a default, which the help shows as it is written. */
export function durationOption(flags: string, description: string, time: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(time), time)
}

/** Examples below the help of a verb. */
export function addExamples(command: Command, ...examples: readonly string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples'
  return command.addHelpText(
    'after',
    `\n${title}:\n${examples.map(each => `  $ ${each}\n`).join('')}`
  )
}
