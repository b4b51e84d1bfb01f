import type { SimulatedOutcome, SimulatedScenario } from '../scenario.ts'
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
import { type Setting, underEach } from './setting.ts'

const cutAtMs = 1_000
const cutForMs = 2_500
const healedMs = cutAtMs + cutForMs
/** Room for those who were cut off to come to the end as well. */
const endMs = healedMs + 2_500

/** Of each place, the commit that it stood at when the run was over, and its digest. */
function lastOf({ executed }: Pick<CommitteeRun, 'executed'>): ReadonlyMap<number, string> {
  return new Map(executed.map(({ place, index, digest }) => [place, `${index} ${digest}`]))
}

/** What must come of an epoch that ends while some are cut off. */
export function epochExpectations(
  run: CommitteeRun,
  { going, away }: { readonly going: readonly number[]; readonly away: readonly number[] },
  index: number
): readonly Expectation[] {
  const isThere = (place: number, byMs: number): boolean =>
    run.executed.some(one => one.place === place && one.index === index && one.atMs <= byMs)
  const alone = committersIn(run, cutAtMs + settleMs, healedMs)
  const beyond = run.executed.filter(one => one.index > index)
  const ends = new Set(lastOf(run).values())
  return [
    [run.report.verdict === 'stalled', 'the epoch did not end'],
    [going.every(place => isThere(place, healedMs)), 'the quorum did not come to the end alone'],
    [away.every(place => !alone.has(place)), 'a member that was cut off committed'],
    [away.every(place => isThere(place, endMs)), 'a member never came to the end'],
    [beyond.length === 0, `${beyond.length} commits after the last of the epoch`],
    [ends.size === 1, `the epoch has ${ends.size} ends`]
  ]
}

async function endWhileDivided(setting: Setting): Promise<SimulatedOutcome> {
  const groups = groupsOf([14, 6], setting.seed)
  const [going = [], away = []] = groups
  const faults = divided(groups, cutAtMs, cutForMs)
  const ending = { loadAfterMs: 1, livenessMs: 100, commitsAfterHealing: 1 }
  const more = { faults, chaosMs: endMs, ...ending }
  // Until somebody stops, a run goes on as one without an end: that one tells what the quorum comes to alone.
  const endless = await runCommittee(20, setting, { faults, chaosMs: healedMs })
  const alone = endless.executed.filter(({ atMs }) => atMs > cutAtMs + settleMs && atMs < healedMs)
  // Not the last of them, so that all of the quorum have the time.
  const index = Math.max(2, Math.max(...alone.map(one => one.index)) - endless.commitFactor)
  const run = await runCommittee(20, setting, more, { index, toldFromMs: cutAtMs })
  // There is no next epoch to make progress in: a run that keeps to the end stands still there.
  const { firstViolation, ...report } = run.report
  const isEnd = firstViolation === undefined || report.verdict === 'stalled'
  const outcome = outcomeOf(
    isEnd ? { ...run, report } : run,
    epochExpectations(run, { going, away }, index)
  )
  return { ...outcome, notes: [...outcome.notes, `the epoch ended with commit ${index}`] }
}

/** Ends of epochs, which is where a committee may change its protocol. */
export const epochScenarios: readonly SimulatedScenario[] = [
  {
    kind: 'simulated',
    name: 'dwcp-23-epoch-end-in-partition',
    what: 'An epoch, and its protocol with it, ends while 6 of 20 are cut off: all stop at one last commit.',
    run: underEach(endWhileDivided)
  }
]
