import { setImmediate } from 'node:timers/promises'
import {
  type RecordedEvent,
  Recorder,
  type RunVerdict,
  type Scenario,
  type Shrunk,
  type SimulationReport,
  shrinkSteps
} from '@novacron/simulator'
import type { ProtocolEntry } from './registry.ts'

/** Events kept of a run that is told in words. */
const eventsMax = 40

export interface ToldRun {
  readonly scenario: Scenario
  readonly report: SimulationReport
  readonly events: readonly RecordedEvent[]
}

/** Runs a scenario and keeps what happened last. */
export function tell(protocol: ProtocolEntry, scenario: Scenario): ToldRun {
  const recorder = new Recorder(eventsMax)
  const report = protocol.run(scenario, recorder)
  return { scenario, report, events: recorder.events() }
}

/** What is looked for, and for how long. */
export interface ShrinkFailureOptions {
  readonly verdict: RunVerdict
  readonly runsMax: number
  readonly onRun: (runs: number, best: Scenario) => void
}

/** The smallest scenario that was found to end in the same verdict; when the user has enough, the smallest so far. */
export async function shrinkFailure(
  protocol: ProtocolEntry,
  scenario: Scenario,
  { verdict, runsMax, onRun }: ShrinkFailureOptions,
  signal: AbortSignal
): Promise<Shrunk> {
  const steps = shrinkSteps(scenario, runsMax)
  let best = scenario
  let runs = 0
  for (let step = steps.next(); ; ) {
    if (step.done === true) return step.value
    await setImmediate()
    if (signal.aborted) return { scenario: best, runs, isMinimal: false }
    const fails = protocol.run(step.value).verdict === verdict
    if (fails) best = step.value
    onRun(++runs, best)
    step = steps.next(fails)
  }
}
