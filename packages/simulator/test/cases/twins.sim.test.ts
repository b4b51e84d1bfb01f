import { type Digest, Prng } from '@novacron/base'
import {
  type BullsharkMessage,
  bullsharkRules,
  type Certificate,
  type Header
} from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { type BullsharkMode, bullsharkModes, type Fault, quietScenario } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { seeds } from '../seeds.ts'
import { type CaseRun, type OnStep, runCase, spied } from './run.ts'

const everyone = [0, 1, 2, 3]

/** For one change of sides: which honest places see the second copy, and whether the two sides hear of one another. */
interface Phase {
  readonly withCopy: readonly number[]
  readonly isCut: boolean
}

/** Every way to divide three honest places between the two copies, with and without a link between the sides. */
function phasesOf(twin: number): Phase[] {
  const honest = everyone.filter(place => place !== twin)
  return Array.from({ length: 2 ** honest.length }, (_, bits) =>
    honest.filter((_, at) => (bits >> at) % 2 === 1)
  ).flatMap(withCopy => [false, true].map(isCut => ({ withCopy, isCut })))
}

/** Phases of a schedule, and how long each is: a round takes about as long. */
const phases = 8
const repeats = 4
const phaseMs = 30

/**
 * Any two divisions in turn. The copies begin alike, so of the first one only those count by which the second copy has the
 * smaller side.
 *
 * source: Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021, section 4: partitions of each round, enumerated
 */
function schedulesOf(twin: number): (readonly Phase[])[] {
  const divisions = phasesOf(twin)
  const first = divisions.filter(({ withCopy }) => withCopy.length <= 1)
  return first.flatMap(one =>
    divisions.map(other => Array.from({ length: phases }, (_, at) => (at % 2 === 0 ? one : other)))
  )
}

/** What honest places were given: certified vertices by slot, and who had two headers for a slot of the twin. */
class Given {
  readonly #certified = new Map<string, Set<Digest>>()
  /** The newest header of the twin, by place. */
  readonly #newest = new Map<number, Header>()
  readonly surprised = new Set<number>()
  readonly #twin: number

  constructor(twin: number) {
    this.#twin = twin
  }

  readonly onStep: OnStep = ({ place, event }) => {
    if (place === this.#twin || event.type !== 'received') return
    const { layer, message } = event.message
    if (layer !== 'order') return
    for (const certificate of certificatesIn(message)) {
      const { round, author } = certificate.header
      const slot = `${round}/${author}`
      const known = this.#certified.get(slot) ?? new Set()
      this.#certified.set(slot, known.add(certificate.digest))
    }
    if (message.type !== 'header' || message.signed.header.author !== this.#twin) return
    const { header } = message.signed
    const newest = this.#newest.get(place)
    // A vote is remembered until the next one: a second header for an older slot gets none, and proves nothing either.
    if (newest?.round === header.round && newest.id !== header.id) this.surprised.add(place)
    if (newest === undefined || newest.round <= header.round) this.#newest.set(place, header)
  }

  get slots(): number {
    return this.#certified.size
  }

  slotsWithTwo(): string[] {
    return [...this.#certified].filter(([, digests]) => digests.size > 1).map(([slot]) => slot)
  }
}

function certificatesIn(message: BullsharkMessage): readonly Certificate[] {
  if (message.type === 'certificate') return [message.certificate]
  return message.type === 'pulled' || message.type === 'caught-up' ? message.certificates : []
}

interface TwinRun {
  readonly mode: BullsharkMode
  readonly twin: number
  readonly seed: number
  readonly rules?: typeof bullsharkRules
}

function runSchedule(
  schedule: readonly Phase[],
  { mode, twin, seed, rules = bullsharkRules }: TwinRun
): CaseRun & { readonly given: Given } {
  const all = Array.from({ length: repeats }, () => schedule).flat()
  const cuts = all.flatMap(({ withCopy, isCut }, at): Fault[] => {
    const apart = everyone.filter(place => place !== twin && !withCopy.includes(place))
    const pairs = withCopy.flatMap(a => apart.map(b => [a, b] as const))
    const atMs = at * phaseMs
    return isCut ? [{ type: 'cut', atMs, forMs: phaseMs, pairs }] : []
  })
  const given = new Given(twin)
  const spy = spied(given.onStep)
  const run = runCase(
    {
      ...{ mode, seed },
      load: { ...quietScenario.load, retryMs: 250 },
      loadAfterMs: 600,
      chaosMs: all.length * phaseMs,
      network: { ...quietScenario.network, connectDelay: { type: 'uniform', fromMs: 0, toMs: 1 } },
      byzantine: [
        {
          place: twin,
          behaviours: ['twins'],
          twins: { everyMs: phaseMs, sides: all.map(({ withCopy }) => withCopy) }
        }
      ],
      faults: cuts
    },
    { wrap: (_protocol, world) => spy(bullsharkNeeds(rules).protocol, world) }
  )
  return { ...run, given }
}

const told = (twin: number, schedule: readonly Phase[]) =>
  `${twin}: ${schedule.map(({ withCopy, isCut }) => `${withCopy.join('')}${isCut ? '|' : ' '}`).join(', ')}`

/** One certificate for a slot, progress after the last division, and proof by whoever saw both headers of a slot. */
function expectSafe(
  { report, given }: ReturnType<typeof runSchedule>,
  twin: number,
  words: string
) {
  expect(report.firstViolation, words).toBeUndefined()
  expect(report.recoveredMs, words).toBeDefined()
  expect(given.slots, words).toBeGreaterThan(10)
  expect(given.slotsWithTwo(), words).toEqual([])
  if (given.surprised.size === 0) return
  expect(report.exposed, words).toEqual([twin])
  expect(report.witnesses, words).toBeGreaterThanOrEqual(given.surprised.size)
}

describe.each(bullsharkModes)('case 10 (Twins): two copies of one key, %s', mode => {
  // All ways through eight phases are 16 to the power of 8: any two in turn, and eight of them drawn from a seed.
  test('any two divisions in turn, round by round: all go on, and who sees two headers can prove it', () => {
    let surprised = 0
    for (const twin of everyone) {
      const schedules = schedulesOf(twin)
      expect(schedules).toHaveLength(8 * 16)
      // A fourth of them for each place of the twin, all together: leaders are drawn alike for all places.
      for (const [at, schedule] of schedules.entries()) {
        if (at % everyone.length !== twin) continue
        const run = runSchedule(schedule, { mode, twin, seed: 1 + at })
        expectSafe(run, twin, told(twin, schedule))
        surprised += run.given.surprised.size
      }
    }
    expect(surprised).toBeGreaterThan(10)
  })

  test.each(seeds(6))('seed %i: eight divisions drawn from all', seed => {
    const twin = seed % everyone.length
    const prng = new Prng(seed)
    const schedule = Array.from({ length: phases }, () => prng.pick(phasesOf(twin)))
    const run = runSchedule(schedule, { mode, twin, seed })
    expectSafe(run, twin, told(twin, schedule))
    expect(run.report.acknowledged).toBeGreaterThan(0)
  })

  test('who votes for the second header of a slot is found by some schedule', () => {
    const rules = { ...bullsharkRules, isEquivocation: () => false }
    const isFound = schedulesOf(0).some(
      (schedule, at) =>
        runSchedule(schedule, { mode, twin: 0, seed: 1 + at, rules }).report.kind !== 'pass'
    )
    expect(isFound).toBe(true)
  })

  test.each(seeds(2))('seed %i: every honest member proves who shows it two headers', seed => {
    const { report } = runCase({
      ...{ mode, seed },
      byzantine: [{ place: 1, behaviours: ['equivocate'] }]
    })
    expect(report.firstViolation).toBeUndefined()
    expect(report.exposed).toEqual([1])
    expect(report.witnesses).toBe(3)
  })
})
