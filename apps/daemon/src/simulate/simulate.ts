import { relaxedLaw, type Scenario, type Shrunk } from '@novacron/simulator'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { type Campaign, scenarioOf } from './campaign.ts'
import { shrinkFailure, type ToldRun, tell } from './failure.ts'
import { failureFilesMax, failurePath, prepareFailures, writeFailure } from './failure-files.ts'
import { campaignOf, type SimulateOptions } from './options.ts'
import { Progress } from './progress.ts'
import { loadProtocols, type ProtocolEntry, protocolNamed } from './registry.ts'
import { replayCommand } from './replay.ts'
import { runSeeds, type SeedRange } from './run-seeds.ts'
import type { SeedResult } from './seed-run.ts'
import { type Summary, Tally } from './tally.ts'
import { printedVerdict, wordsOfVerdict } from './verdict.ts'
import { describeFirstFailure, describeMany, describeOne, describeShrunk } from './words.ts'

export interface SimulateRequest {
  readonly options: SimulateOptions
  /** Address of the module with the protocols. */
  readonly registry: string
  readonly range: SeedRange
  readonly workers: number
  /** Runs for making the first failure smaller, at most. */
  readonly shrinkRuns: number
  /** Where failing scenarios are written. */
  readonly failuresDirectory: string | undefined
  readonly isJson: boolean
}

/** The failing seed that comes first: what was seen, and the smallest scenario in which the same is seen. */
interface Failure {
  readonly told: ToldRun
  readonly shrunk: Shrunk | undefined
}

export async function simulateSeeds(request: SimulateRequest, io: Io): Promise<ExitCode> {
  const protocols = await loadProtocols(request.registry)
  const campaign = await campaignOf(
    request.options,
    protocols.map(({ name }) => name)
  )
  const { failuresDirectory } = request
  if (failuresDirectory !== undefined) await prepareFailures(failuresDirectory)
  const protocol = protocolNamed(protocols, campaign.protocol)
  const range = rangeOf(request, campaign)
  const progress = new Progress(io, range.count)
  const { tally, summary } = await runAll(request, campaign, range, progress, io)
  const [first] = tally.failures()
  let failure: Failure | undefined
  try {
    failure = first && (await explain(protocol, campaign, first, request, progress, io))
  } finally {
    // Also when looking closer at the failure has failed, and before anything else can.
    progress.end()
    if (request.isJson) writeJson(io, { ...summary, ...jsonOf(failure) })
    else writeLines(io, linesOf(summary, tally, campaign, failure))
  }
  for await (const path of writeFailures(request, protocol, campaign, tally, failure)) {
    if (!request.isJson) writeLines(io, [`written: ${path}`])
  }
  return first === undefined && !summary.interrupted ? exitCodes.ok : exitCodes.failed
}

function writeLines({ stdout }: Pick<Io, 'stdout'>, lines: readonly string[]): void {
  stdout.write(lines.map(line => `${line}\n`).join(''))
}

/** A scenario from a file has one seed, its own. */
function rangeOf({ range }: SimulateRequest, { source }: Campaign): SeedRange {
  return source.type === 'scenario' ? { from: source.scenario.seed, count: 1 } : range
}

async function runAll(
  { options, registry, workers }: SimulateRequest,
  campaign: Campaign,
  range: SeedRange,
  progress: Progress,
  io: Io
): Promise<{ readonly tally: Tally; readonly summary: Summary }> {
  const tally = new Tally()
  const startedAt = performance.now()
  const onResult = (result: SeedResult) => {
    tally.add(result)
    progress.show(tally)
  }
  const withReport = range.count === 1
  await runSeeds({ campaign, registry, range, workers, withReport, onResult }, io)
  if (tally.done === 0) throw commandFault('interrupted', 'interrupted before a seed had ended')
  const { replicas, law } = scenarioOf(campaign, range.from)
  const summary = tally.summary({
    protocol: options.protocol,
    replicas,
    relaxedLaw: relaxedLaw(law),
    workers: Math.min(workers, range.count),
    seconds: (performance.now() - startedAt) / 1_000,
    interrupted: tally.done < range.count,
    replay: seed => replayCommand(options, seed)
  })
  return { tally, summary }
}

async function explain(
  protocol: ProtocolEntry,
  campaign: Campaign,
  { seed, verdict }: SeedResult,
  { shrinkRuns }: SimulateRequest,
  progress: Progress,
  { signal }: Io
): Promise<Failure> {
  const scenario = scenarioOf(campaign, seed)
  const told = tell(protocol, scenario)
  if (shrinkRuns === 0 || signal.aborted) return { told, shrunk: undefined }
  progress.note(
    `seed ${seed} ended ${wordsOfVerdict(printedVerdict(verdict))}; looking for a smaller scenario that does`
  )
  const onRun = (runs: number, best: Scenario) => progress.showShrinking(runs, shrinkRuns, best)
  const shrunk = await shrinkFailure(
    protocol,
    scenario,
    { verdict, runsMax: shrinkRuns, onRun },
    signal
  )
  return { told, shrunk }
}

function linesOf(
  summary: Summary,
  tally: Tally,
  campaign: Campaign,
  failure: Failure | undefined
): string[] {
  const shrunk = failure?.shrunk === undefined ? [] : describeShrunk(failure.shrunk)
  const [single] = tally.results()
  if (single?.report === undefined) {
    const story = failure === undefined ? [] : describeFirstFailure(failure.told)
    return [...describeMany(summary, tally.failures()), ...story, ...shrunk]
  }
  const { seed, report } = single
  const told = failure?.told ?? { scenario: scenarioOf(campaign, seed), report, events: [] }
  const replay = summary.failed.map(failed => `  again: ${failed.replay}`)
  return [...describeOne(summary, told), ...replay, ...shrunk]
}

/** What JSON says of the first failure beyond the list of all. */
function jsonOf(failure: Failure | undefined): object {
  if (failure === undefined) return {}
  const { told, shrunk } = failure
  const { firstViolation, seed } = told.report
  const printed = printedVerdict(told.report.verdict)
  return {
    firstFailure: { seed, ...firstViolation, ...printed, scenario: told.scenario, shrunk }
  }
}

/** Paths, each when it is written. */
async function* writeFailures(
  { options, failuresDirectory }: SimulateRequest,
  entry: ProtocolEntry,
  campaign: Campaign,
  tally: Tally,
  failure: Failure | undefined
): AsyncGenerator<string> {
  if (failuresDirectory === undefined) return
  const { protocol } = options
  for (const { seed, verdict, facts = '' } of tally.failures().slice(0, failureFilesMax)) {
    const path = failurePath(failuresDirectory, `${protocol}-seed-${seed}`)
    const replay = replayCommand(options, seed)
    const scenario = scenarioOf(campaign, seed)
    await writeFailure(path, { protocol, seed, verdict, facts, replay, scenario })
    yield path
    if (seed !== failure?.told.scenario.seed || failure.shrunk === undefined) continue
    yield await writeShrunk(path, failure.shrunk.scenario, options, entry)
  }
}

/** With what is seen in the smaller scenario itself: other members, times and places than in the whole one. */
async function writeShrunk(
  pathOfWhole: string,
  scenario: Scenario,
  options: SimulateOptions,
  entry: ProtocolEntry
): Promise<string> {
  const path = pathOfWhole.replace(/\.json$/, '-shrunk.json')
  const { seed, verdict, firstViolation } = entry.run(scenario)
  const facts = firstViolation?.facts ?? ''
  const replay = replayCommand({ ...options, scenario: path }, seed)
  await writeFailure(path, { protocol: options.protocol, seed, verdict, facts, replay, scenario })
  return path
}
