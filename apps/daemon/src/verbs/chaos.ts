import { catalogue } from '../chaos/catalogue.ts'
import { type ChaosSummary, namesOf, runChaos } from '../chaos/chaos.ts'
import type { Scenario, ScenarioResult } from '../chaos/scenario.ts'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { duration, integer, showMs } from '../settings.ts'
import { suggestion } from '../suggestion.ts'
import { textTable } from '../text-table.ts'
import { type AddVerb, addExamples } from '../verb.ts'

interface ChaosVerbOptions {
  readonly nodes: number
  readonly scenario: string
  readonly seed: number
  readonly duration?: number
  readonly rate: number
  readonly json?: boolean
}

export const addChaos: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('chaos')
    .description(
      'Break a local network of real daemons on purpose, heal it, and check what it did.'
    )
    .option('--nodes <count>', 'daemons of the real scenarios', integer(4, 13), 4)
    .option('--scenario <name>', 'one by name, several by commas, all, or list', 'all')
    .option('--seed <number>', 'what is drawn: who is hit, and when', integer(0, 2 ** 48), 1)
    .option(
      '--duration <time>',
      'of each real fault, such as 30s (default: of each its own)',
      duration
    )
    .option('--rate <tx/s>', 'load while a real one lasts', integer(50, 100_000), 1_000)
    .option('--json', 'print the results as one JSON object')
    .action(async (options: ChaosVerbOptions) => exit(await chaos(options, io)))
  addExamples(
    command,
    'novacron chaos --scenario list',
    'novacron chaos --scenario kill-9',
    'novacron chaos --scenario partition-half --duration 30s --seed 7',
    'novacron chaos --nodes 4 --scenario all --json'
  )
}

async function chaos(options: ChaosVerbOptions, io: Io): Promise<ExitCode> {
  if (options.scenario === 'list') {
    list(options, io)
    return exitCodes.ok
  }
  const summary = await runChaos(
    {
      nodes: options.nodes,
      seed: options.seed,
      ratePerSecond: options.rate,
      scenarios: chosen(options.scenario),
      ...(options.duration === undefined ? {} : { faultMs: options.duration })
    },
    io,
    result => io.stderr.write(lineOf(result))
  )
  if (options.json === true) writeJson(io, summary)
  else io.stdout.write(describe(summary))
  if (summary.interrupted) io.stderr.write('novacron: interrupted\n')
  return summary.failed > 0 || summary.interrupted ? exitCodes.failed : exitCodes.ok
}

function chosen(names: string): readonly Scenario[] {
  if (names === 'all') return catalogue
  return names.split(',').map(name => {
    const found = catalogue.find(scenario => Object.values(namesOf(scenario)).includes(name))
    if (found !== undefined) return found
    if (name === 'list') throw commandFault('usage', '--scenario list stands alone')
    const names = catalogue.map(namesOf).flatMap(each => Object.values(each))
    const text = `there is no scenario ${JSON.stringify(name)}${suggestion(name, names)}`
    throw commandFault('usage', `${text}; see them all: novacron chaos --scenario list`)
  })
}

function list({ json }: ChaosVerbOptions, io: Io): void {
  const scenarios = catalogue.map(scenario => {
    const { kind, what } = scenario
    return { ...namesOf(scenario), kind, what }
  })
  if (json === true) {
    writeJson(io, { scenarios })
    return
  }
  const rows = scenarios.map(({ name, kind, what, also }) => {
    return [name, kind, also === undefined ? what : `${what} (${also})`]
  })
  for (const line of textTable(['scenario', 'kind', 'what'], rows)) io.stdout.write(`${line}\n`)
}

function titleOf({ name, also }: Pick<ScenarioResult, 'name' | 'also'>): string {
  return also === undefined ? name : `${name} (${also})`
}

function lineOf(result: ScenarioResult): string {
  const { verdict, seconds, recoveryMs, notes } = result
  const recovery = recoveryMs === null ? '' : `, recovered in ${showMs(recoveryMs)}`
  const why = notes.length === 0 ? '' : `: ${notes.join('; ')}`
  return `novacron: ${titleOf(result)} ${verdict} in ${seconds} s${recovery}${why}\n`
}

function describe({ scenarios, interrupted, ...counts }: ChaosSummary): string {
  const rows = scenarios.map(result => [
    titleOf(result),
    result.verdict,
    result.recoveryMs === null ? '-' : showMs(result.recoveryMs),
    result.acknowledged,
    result.lost,
    result.duplicated,
    `${result.seconds} s`
  ])
  const head = ['scenario', 'verdict', 'recovery', 'acknowledged', 'lost', 'duplicated', 'took']
  const { passed, failed, skipped } = counts
  const until = interrupted ? ' until the interruption' : ''
  const last = `${passed} passed, ${failed} failed, ${skipped} skipped${until}`
  return [...(rows.length === 0 ? [] : textTable(head, rows)), last, ''].join('\n')
}
