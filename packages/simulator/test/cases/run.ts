import type { CommittedSubDag } from '@novacron/consensus'
import { quietScenario, type Scenario, Simulation, type SimulationReport } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'

/** One commit at one place. */
export interface Executed {
  readonly place: number
  readonly atMs: number
  readonly subDag: CommittedSubDag
}

export interface CaseRun {
  readonly report: SimulationReport
  readonly executed: readonly Executed[]
  at(place: number): readonly Executed[]
}

/** Runs a scenario that differs from the quiet one in `more`, and keeps what every place committed when. */
export function runCase(more: Partial<Scenario>): CaseRun {
  const executed: Executed[] = []
  const needs = {
    ...bullsharkNeeds(),
    onExecuted: (place: number, subDag: CommittedSubDag, atMs: number) =>
      void executed.push({ place, subDag, atMs })
  }
  const report = new Simulation({ ...quietScenario, ...more }, needs).run()
  return { report, executed, at: place => executed.filter(one => one.place === place) }
}

export const fixedDelay = (ms: number): Scenario['network'] => ({
  ...quietScenario.network,
  delay: { type: 'uniform', fromMs: ms, toMs: ms }
})

export const instant = { type: 'uniform', fromMs: 0, toMs: 0 } as const

export const crash = {
  type: 'crash',
  atMs: 1_000,
  downMs: 300,
  staggerMs: 0,
  loss: 'lost',
  disk: { type: 'own' }
} as const
