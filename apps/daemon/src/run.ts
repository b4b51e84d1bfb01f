import { CommanderError } from 'commander'
import { describeFailure } from './describe-failure.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { createProgram } from './program.ts'
import type { AddVerb } from './verb.ts'

/** Runs one command line, without `node` and the name of the program. Never rejects. */
export async function run(
  argv: readonly string[],
  io: Io,
  verbs?: readonly AddVerb[]
): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const onExit = (code: ExitCode) => {
    exitCode = code
  }
  const program = createProgram({ io, argv, exit: onExit }, verbs)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    const failure = describeFailure(error)
    io.stderr.write(`novacron: ${failure.text}\n`)
    return failure.exitCode
  }
}
