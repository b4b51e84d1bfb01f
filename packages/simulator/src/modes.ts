import { Prng } from '@novacron/base'
import {
  type BullsharkOptions,
  commitFactor,
  defaultTurboOptions,
  type TurboOptions
} from '@novacron/consensus'
import type { Scenario } from './scenario.ts'

/** The modes of the one protocol, by their names in a genesis. */
export const bullsharkModes = ['bullshark', 'bullshark-turbo'] as const
export type BullsharkMode = (typeof bullsharkModes)[number]

/** Half of all scenarios run Bullshark as published, the others with switches of turbo, often all of them. */
export function drawMode(
  options: Partial<BullsharkOptions>,
  prng: Prng
): Partial<BullsharkOptions> {
  return prng.chance(0.5) ? options : withTurbo(options, drawTurbo(prng))
}

function drawTurbo(prng: Prng): TurboOptions {
  if (prng.chance(0.3)) return defaultTurboOptions
  return {
    pipelined: prng.chance(0.7),
    fastCommit: prng.chance(0.7),
    anchorsPerRound: prng.pick([1, 2, 4, 16]),
    reputation: prng.chance(0.6)
  }
}

/** Commits between two schedules where a scenario that has none is given reputation. */
const drawnPeriodCommits = 5

function withTurbo(
  options: Partial<BullsharkOptions>,
  turbo: TurboOptions
): Partial<BullsharkOptions> {
  const { schedulePeriodCommits = 0 } = options
  const needsPeriod = turbo.reputation && schedulePeriodCommits === 0
  return {
    ...options,
    ...(needsPeriod ? { schedulePeriodCommits: drawnPeriodCommits } : {}),
    turbo
  }
}

/**
 * The same scenario in one mode: turbo with its own switches, or, where it has none, with those that its seed draws. What is
 * counted in commits keeps its length in rounds.
 */
export function inMode(scenario: Scenario, mode: BullsharkMode): Scenario {
  const { turbo, ...bullshark } = scenario.bullshark
  const switches = mode === 'bullshark' ? undefined : (turbo ?? drawTurbo(new Prng(scenario.seed)))
  return withFactor(
    {
      ...scenario,
      bullshark: switches === undefined ? bullshark : withTurbo(bullshark, switches)
    },
    commitFactor(turbo, scenario.replicas)
  )
}

/** Stretches what is counted in commits from a factor of `before` to that of the scenario's mode. */
export function withFactor(scenario: Scenario, before = 1): Scenario {
  const { replica, mempool, replicas, bullshark } = scenario
  const factor = commitFactor(bullshark.turbo, replicas) / before
  const stretch = (commits: number) => Math.max(1, Math.round(commits * factor))
  const { checkpointIntervalCommits, retentionCommits } = replica
  const { unorderedCommitsMax } = mempool
  return {
    ...scenario,
    replica: {
      ...replica,
      ...(checkpointIntervalCommits === undefined
        ? {}
        : { checkpointIntervalCommits: stretch(checkpointIntervalCommits) }),
      ...(retentionCommits === undefined ? {} : { retentionCommits: stretch(retentionCommits) })
    },
    mempool: {
      ...mempool,
      ...(unorderedCommitsMax === undefined
        ? {}
        : { unorderedCommitsMax: stretch(unorderedCommitsMax) })
    }
  }
}
