import type { Fault } from '@novacron/simulator'
import type { SimulatedScenario } from '../scenario.ts'
import {
  type CommitteeRun,
  committersIn,
  divided,
  type Expectation,
  groupsOf,
  outcomeOf,
  runCommittee,
  settleMs
} from './committee.ts'

const cutAtMs = 1_000
const cutForMs = 2_000
const healedMs = cutAtMs + cutForMs

interface DividedScenario {
  readonly name: string
  readonly what: string
  /** Of the groups, the members in each. */
  readonly sizes: readonly number[]
  /** Of the groups, the one that is a quorum. */
  readonly goingOn?: number
}

/** Groups that are apart for two seconds; only one that is a quorum may commit meanwhile. */
function dividing({ name, what, sizes, goingOn }: DividedScenario): SimulatedScenario {
  return {
    kind: 'simulated',
    name,
    what,
    run: async seed => {
      const groups = groupsOf(sizes, seed)
      const faults = divided(groups, cutAtMs, cutForMs)
      const replicas = groups.flat().length
      const run = await runCommittee(replicas, seed, { faults, chaosMs: healedMs })
      return outcomeOf(run, [wasWell(run, replicas), ...inGroups(run, groups, goingOn)])
    }
  }
}

function wasWell(run: CommitteeRun, replicas: number): Expectation {
  const committers = committersIn(run, 0, cutAtMs)
  return [committers.size === replicas, 'not everybody committed before the cut']
}

function inGroups(
  run: CommitteeRun,
  groups: readonly (readonly number[])[],
  goingOn: number | undefined
): readonly Expectation[] {
  const committers = committersIn(run, cutAtMs + settleMs, healedMs)
  return groups.map((group, at) => {
    const count = group.filter(place => committers.has(place)).length
    const expected = at === goingOn ? group.length : 0
    return [count === expected, `${count} of a side of ${group.length} committed alone`]
  })
}

/** Committees of twenty in parts: a quorum is 14. */
export const simulatedPartitionScenarios: readonly SimulatedScenario[] = [
  dividing({
    name: 'dwcp-08-partition-half',
    what: '10 and 10 of 20: both sides halt, and all go on when it heals.',
    sizes: [10, 10]
  }),
  dividing({
    name: 'dwcp-09-partition-majority',
    what: '14 and 6 of 20: the quorum commits, the rest does not, and catches up.',
    sizes: [14, 6],
    goingOn: 0
  }),
  {
    kind: 'simulated',
    name: 'dwcp-10-partition-flapping',
    what: '10 and 10 of 20, five times for 200 ms: progress between and after.',
    run: async seed => {
      const groups = groupsOf([10, 10], seed)
      const faults = Array.from({ length: 5 }, (_, time): readonly Fault[] =>
        divided(groups, cutAtMs + time * 400, 200)
      ).flat()
      const run = await runCommittee(20, seed, { faults, chaosMs: healedMs })
      const after = committersIn(run, healedMs - 200, Number.POSITIVE_INFINITY)
      return outcomeOf(run, [
        wasWell(run, 20),
        [after.size === 20, `only ${after.size} of 20 committed afterwards`]
      ])
    }
  },
  dividing({
    name: 'dwcp-11-partition-triple',
    what: '7, 7 and 6 of 20: every side halts, and all go on when it heals.',
    sizes: [7, 7, 6]
  }),
  dividing({
    name: 'dwcp-21-split-brain',
    what: '12 and 8 of 20: the larger side is below the quorum of 14, so both halt, and no log forks.',
    sizes: [12, 8]
  })
]
