import { run } from '../../src/run.ts'
import { simulateVerb } from '../../src/verbs/simulate.ts'
import { type CaptureOptions, captureIo } from '../capture-io.ts'

const verb = simulateVerb(new URL('./test-registry.ts', import.meta.url))

/** `novacron simulate` with the protocols of the tests besides. */
export async function runSimulate(argv: readonly string[], options: CaptureOptions = {}) {
  const io = captureIo(options)
  const exitCode = await run(['simulate', ...argv], io, [verb])
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}

export async function runJson(argv: readonly string[], options: CaptureOptions = {}) {
  const { out, ...rest } = await runSimulate([...argv, '--json'], options)
  return { ...rest, summary: JSON.parse(out) }
}

/** The words of a command as a shell splits them, without the name of the program. */
export function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s']|'[^']*')+/g) ?? []
  return words.slice(2).map(word => word.replaceAll("'", ''))
}
