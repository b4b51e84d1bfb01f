import type { SimulatedScenario } from '../scenario.ts'
import {
  type CommitteeRun,
  committersIn,
  divided,
  type Expectation,
  groupsOf,
  newCommitsIn,
  outcomeOf,
  runCommittee,
  settleMs
} from './committee.ts'
import { underEach } from './setting.ts'

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
    run: underEach(async setting => {
      const groups = groupsOf(sizes, setting.seed)
      const faults = divided(groups, cutAtMs, cutForMs)
      const replicas = groups.flat().length
      const run = await runCommittee(replicas, setting, { faults, chaosMs: healedMs })
      return outcomeOf(run, [wasWell(run, replicas), ...inGroups(run, groups, goingOn)])
    })
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

const flapMs = 200
const flapEveryMs = 600
/** A letter takes up to 40 ms, and what was on its way may complete a commit at who hears it. */
const underWayMs = 80
const flapsAt = [0, 1, 2, 3, 4].map(time => cutAtMs + time * flapEveryMs)

/** What must come of halves that are none of them a quorum, time and again. */
export function whileFlapping(
  run: Pick<CommitteeRun, 'executed'>,
  replicas: number
): readonly Expectation[] {
  const made = (fromMs: number, untilMs: number): readonly number[] =>
    flapsAt.map(atMs => newCommitsIn(run, atMs + fromMs, atMs + untilMs))
  const apart = made(underWayMs, flapMs)
  const whole = made(flapMs, flapEveryMs + underWayMs).slice(0, -1)
  // Not in each: a log that stood still takes about as long as a gap to move again, so that it mostly misses every second one.
  const isGrowing = whole.some(commits => commits > 0)
  const endMs = (flapsAt.at(-1) ?? 0) + flapMs
  const after = committersIn(run, endMs, Number.POSITIVE_INFINITY)
  return [
    [apart.every(commits => commits === 0), `halves committed: ${apart.join(' ')}`],
    [isGrowing, 'nothing was committed between the partitions'],
    [after.size === replicas, `only ${after.size} of ${replicas} committed afterwards`]
  ]
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
    what: '10 and 10 of 20, five times for 200 ms: halves commit nothing, the log grows in one gap between at least, and all go on after.',
    run: underEach(async setting => {
      const groups = groupsOf([10, 10], setting.seed)
      const faults = flapsAt.flatMap(atMs => divided(groups, atMs, flapMs))
      const chaosMs = cutAtMs + flapsAt.length * flapEveryMs
      const run = await runCommittee(20, setting, { faults, chaosMs })
      return outcomeOf(run, [wasWell(run, 20), ...whileFlapping(run, 20)])
    })
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
