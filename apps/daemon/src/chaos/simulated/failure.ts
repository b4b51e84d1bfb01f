import type { Fault } from '@novacron/simulator'
import type { SimulatedScenario } from '../scenario.ts'
import { committersIn, groupsOf, outcomeOf, placesOf, runCommittee } from './committee.ts'
import { type Setting, underEach } from './setting.ts'

const crashedAtMs = 1_000
const endMs = 5_500

function crash(places: readonly number[], atMs: number, downMs: number): Fault {
  const disk = { type: 'own' } as const
  return { type: 'crash', atMs, downMs, places, staggerMs: 0, loss: 'lost', disk }
}

/** The anchor of the first commit after some time, and when it was committed first. */
async function leaderAround(
  atMs: number,
  setting: Setting
): Promise<{ leader: number; atMs: number }> {
  const { executed } = await runCommittee(20, setting, { chaosMs: atMs })
  const next = executed.find(one => one.atMs > atMs)
  return { leader: next?.leader ?? 0, atMs: next?.atMs ?? atMs }
}

/** Members that crash and return, and clocks that do not agree. */
export const simulatedFailureScenarios: readonly SimulatedScenario[] = [
  {
    kind: 'simulated',
    name: 'dwcp-13-crash-tenth',
    what: '2 of 20 crash: the others go on, and the two catch up when they are back.',
    run: underEach(async setting => {
      const [crashed = [], others = []] = groupsOf([2, 18], setting.seed)
      const faults = [crash(crashed, crashedAtMs, 1_500)]
      const run = await runCommittee(20, setting, { faults, chaosMs: 2_500 })
      const committers = committersIn(run, crashedAtMs + 200, 2_500)
      return outcomeOf(run, [
        [others.every(place => committers.has(place)), 'not all of the others went on'],
        [crashed.every(place => !committers.has(place)), 'a member that was down committed']
      ])
    })
  },
  {
    kind: 'simulated',
    name: 'dwcp-14-leader-crash',
    what: 'The leader of a round crashes 100 ms before its commit: another leads, and nothing is lost.',
    run: underEach(async setting => {
      const { leader, atMs } = await leaderAround(crashedAtMs, setting)
      const faults = [crash([leader], atMs - 100, 1_500)]
      const run = await runCommittee(20, setting, { faults, chaosMs: 3_000 })
      const during = run.executed.filter(one => one.atMs > atMs + 300 && one.atMs < atMs + 1_400)
      const leaders = new Set(during.map(one => one.leader))
      leaders.delete(leader)
      return outcomeOf(run, [[leaders.size > 0, 'no other leader took over']])
    })
  },
  {
    kind: 'simulated',
    name: 'dwcp-15-crash-cascade',
    what: '5 of 30 crash one after another, every 500 ms: the others go on, and all five come back.',
    run: underEach(async setting => {
      const [crashed = [], others = []] = groupsOf([5, 25], setting.seed)
      const faults = crashed.map((place, order) => {
        const atMs = crashedAtMs + order * 500
        return crash([place], atMs, endMs - atMs)
      })
      const run = await runCommittee(30, setting, { faults, chaosMs: endMs })
      const committers = committersIn(run, crashedAtMs + 5 * 500, endMs)
      return outcomeOf(run, [
        [others.every(place => committers.has(place)), 'not all of the others went on'],
        [crashed.every(place => !committers.has(place)), 'a member that was down committed']
      ])
    })
  },
  {
    kind: 'simulated',
    name: 'dwcp-20-clock-skew',
    what: 'Clocks of 20 differ by up to 900 ms: headers from the future get no vote, and all go on.',
    run: underEach(async setting => {
      const run = await runCommittee(20, setting, { clockSkewMsMax: 900 })
      const committers = committersIn(run, crashedAtMs, Number.POSITIVE_INFINITY)
      return outcomeOf(run, [
        [
          (run.report.counts.get('header_from_the_future') ?? 0) > 0,
          'no header was from the future'
        ],
        [committers.size === placesOf(20).length, `only ${committers.size} of 20 committed`]
      ])
    })
  }
]
