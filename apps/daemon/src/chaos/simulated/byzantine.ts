import type { Behaviour, Liar, Scenario } from '@novacron/simulator'
import type { SimulatedOutcome, SimulatedScenario } from '../scenario.ts'
import {
  type CommitteeRun,
  committersIn,
  type Expectation,
  groupsOf,
  liarsAmong,
  outcomeOf,
  placesOf,
  runCommittee,
  settleMs
} from './committee.ts'
import { type Setting, underEach } from './setting.ts'

/** As many as a committee of 31 can bear. */
const replicas = 31
const liarCount = 10

interface LyingScenario {
  readonly name: string
  readonly what: string
  readonly behaviours: readonly Behaviour[]
  readonly more?: Partial<Scenario>
  readonly expect?: (run: CommitteeRun, liars: readonly number[]) => readonly Expectation[]
}

function lying({ name, what, behaviours, more, expect }: LyingScenario): SimulatedScenario {
  return {
    kind: 'simulated',
    name,
    what: `10 of 31 members ${what}`,
    run: underEach(async setting => {
      const byzantine = liarsAmong(replicas, liarCount, setting.seed, behaviours)
      const run = await runCommittee(replicas, setting, { byzantine, ...more })
      const places = byzantine.map(({ place }) => place)
      const others = expect?.(run, places) ?? []
      return outcomeOf(run, [...allLied(run, byzantine), onlyLiars(run, places), ...others])
    })
  }
}

/** Each liar has lied in each of the ways that it is there for. */
export function allLied(
  { lies }: Pick<CommitteeRun, 'lies'>,
  liars: readonly Liar[]
): readonly Expectation[] {
  const ways = [...new Set(liars.flatMap(({ behaviours }) => behaviours))]
  return ways.map(way => {
    const honest = liars
      .filter(({ place, behaviours }) => behaviours.includes(way) && !lies.get(place)?.get(way))
      .map(({ place }) => place)
    return [honest.length === 0, `these never did ${way}: ${honest.join(' ')}`]
  })
}

function onlyLiars({ accused }: CommitteeRun, liars: readonly number[]): Expectation {
  const honest = [...accused].filter(place => !liars.includes(place))
  return [honest.length === 0, `honest members were accused: ${honest}`]
}

function allAccused({ accused }: CommitteeRun, liars: readonly number[]): Expectation {
  const missing = liars.filter(place => !accused.has(place))
  return [missing.length === 0, `equivocators went unnoticed: ${missing}`]
}

/** Liars do their worst, and are then taken away for good; what is left is a bare quorum. */
async function removal(size: number, count: number, setting: Setting): Promise<SimulatedOutcome> {
  // Who withholds its questions never comes to sign anything, so it cannot equivocate as well.
  const ways = [['equivocate'], ['withhold', 'drop']] as const
  const byzantine = liarsAmong(size, count, setting.seed, []).map(({ place }, at) => {
    return { place, behaviours: ways[at % ways.length] ?? [] }
  })
  const gone = byzantine.map(({ place }) => ({ place, atMs: 1_500, loss: 'lost' as const }))
  const lasting = { chaosMs: 2_000, loadAfterMs: 3_000 }
  const run = await runCommittee(size, setting, { byzantine, gone, ...lasting })
  return outcomeOf(run, allLied(run, byzantine))
}

/** Two halves that no honest message crosses, and three liars who talk to both: 6 + 3 of 15 are below the quorum of 11. */
async function betweenTwoSides(setting: Setting): Promise<SimulatedOutcome> {
  const atMs = 2_000
  const forMs = 2_000
  const [left = [], right = [], liars = []] = groupsOf([6, 6, 3], setting.seed)
  const faults = left.flatMap(a =>
    right.map(b => ({ type: 'link-flap', atMs, forMs, between: [a, b] }) as const)
  )
  const behaviours = ['equivocate', 'vote-for-all'] as const
  const byzantine = liars.map(place => ({ place, behaviours }))
  const more = { byzantine, faults, chaosMs: atMs + forMs, loadAfterMs: 3_000 }
  const run = await runCommittee(15, setting, more)
  const early = committersIn(run, 0, atMs)
  const during = committersIn(run, atMs + settleMs, atMs + forMs)
  return outcomeOf(run, [
    [early.size > 0, 'nobody committed before the partition'],
    [during.size === 0, `${during.size} committed on sides without a quorum`],
    ...allLied(run, byzantine),
    onlyLiars(run, liars)
  ])
}

/** Committees with as many liars as can be borne. */
export const byzantineScenarios: readonly SimulatedScenario[] = [
  lying({
    name: 'dwcp-01-message-drop',
    what: 'lose a third of what they should send: the others commit and agree.',
    behaviours: ['drop'],
    more: { chaosMs: 3_000 }
  }),
  lying({
    name: 'dwcp-02-message-delay',
    what: 'send everything up to 900 ms late: the others commit and agree.',
    behaviours: ['delay']
  }),
  lying({
    name: 'dwcp-03-equivocation',
    what: 'sign two headers for each slot: no fork, and an honest member proves each of the ten.',
    behaviours: ['equivocate'],
    expect: (run, liars) => [
      [run.report.witnesses > 0, 'nobody holds evidence'],
      allAccused(run, liars)
    ]
  }),
  lying({
    name: 'dwcp-04-far-future',
    what: 'sign for rounds far ahead and other epochs, and forge certificates: all are refused.',
    behaviours: ['far-future', 'wrong-epoch', 'forge']
  }),
  lying({
    name: 'dwcp-05-coordinated-votes',
    what: 'sign two headers each and vote for all of them: one certificate for a slot, no fork.',
    behaviours: ['equivocate', 'vote-for-all'],
    expect: (run, liars) => [allAccused(run, liars)]
  }),
  lying({
    name: 'dwcp-06-honest-state',
    what: 'lie in five ways at once: logs and states of the 21 others are equal throughout.',
    behaviours: ['equivocate', 'drop', 'invalid-signatures', 'lying-sync', 'replay'],
    more: { replica: { checkpointIntervalCommits: 2 } },
    expect: (run, liars) => {
      const honest = placesOf(replicas).filter(place => !liars.includes(place))
      const indexes = new Set(honest.map(place => run.report.places[place]?.index ?? 0))
      const spread = Math.max(...indexes) - Math.min(...indexes)
      const spreadMax = 10 * run.commitFactor
      return [[spread <= spreadMax, `an honest member is ${spread} commits behind`]]
    }
  }),
  {
    kind: 'simulated',
    name: 'dwcp-07-removal',
    what: 'Liars are taken away for good, 10 of 31 and 3 of 10: the bare quorum that is left goes on.',
    run: underEach(async setting => {
      const large = await removal(31, 10, setting)
      const small = await removal(10, 3, setting)
      return {
        isPassed: large.isPassed && small.isPassed,
        acknowledged: large.acknowledged + small.acknowledged,
        lost: large.lost + small.lost,
        duplicated: large.duplicated + small.duplicated,
        notes: [
          ...large.notes.map(note => `10 of 31: ${note}`),
          ...small.notes.map(note => `3 of 10: ${note}`)
        ]
      }
    })
  },
  {
    kind: 'simulated',
    name: 'dwcp-12-partition-byzantine',
    what: 'Halves of 6, and 3 of 15 who lie to both: no side has a quorum, nobody commits until it heals.',
    run: underEach(betweenTwoSides)
  }
]
