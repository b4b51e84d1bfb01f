import { checkAnchors, checkFlaps, type Made } from '../partition-report.ts'
import type { ScenarioRun } from '../scenario.ts'
import { leaderOf, roundsWithout } from './leader.ts'
import { commitsOf, seats } from './steps.ts'

/** Longer than a connection that was reset takes to come back: of two who are away there would be no quorum. */
const awayMs = 1_200
/** A look goes back some rounds only, and who is missed soon loses its turn to lead. */
const lookMs = 100
/** Whoever is cut off just when it has no turn is not missed: so many times as long another is tried. */
const fruitlessFactor = 3
const flaps = 5
const flapMs = 200
/** What was under way when they fell apart has mostly arrived by then. */
const underWayMs = 50

/** By place; made between two looks at everybody. */
function difference(after: readonly number[], before: readonly number[]): readonly number[] {
  return after.map((commits, node) => commits - (before[node] ?? 0))
}

function named({ cluster }: ScenarioRun, made: readonly number[]): readonly Made[] {
  return made.map((commits, node) => ({ node: cluster.nameOf(node), commits }))
}

/** Cuts off whoever leads next, for a moment each, for as long as the fault lasts. */
export async function missAnchors(run: ScenarioRun): Promise<void> {
  const { cluster, record } = run
  const { honest, links } = cluster
  const before = await commitsOf(run)
  const cutOff = new Set<number>()
  const missed = new Set<number>()
  const from = record.nowMs()
  let asked = honest[0] ?? 0
  let leader: number | undefined
  do {
    leader = await leaderOf(run, asked, 'undecided', leader)
    const others = honest.filter(node => node !== leader)
    links.healAll()
    links.partition([others])
    cutOff.add(leader)
    // Who is cut off knows of no newer leader.
    asked = others[0] ?? 0
    const until = record.nowMs() + awayMs
    while (record.nowMs() < until) {
      await run.sleep(lookMs)
      for (const round of await roundsWithout(run, leader, asked)) missed.add(round)
    }
  } while (record.nowMs() < from + (missed.size > 0 ? run.faultMs : fruitlessFactor * run.faultMs))
  const made = difference(await commitsOf(run), before)
  const seconds = (record.nowMs() - from) / 1_000
  const leadersMissed = missed.size
  run.note(
    `${cutOff.size} leaders cut off, ${leadersMissed} rounds without, ${showMade(named(run, made))}`
  )
  const commits = Math.max(...made)
  const report = { seconds, commits, leadersCutOff: cutOff.size, leadersMissed }
  for (const fault of checkAnchors(report)) run.expect(false, fault)
}

/** Halves for a moment, five times by resets and five times by silence, and whole for a moment in between. */
export async function flap(run: ScenarioRun): Promise<void> {
  const places = seats(run)
  const half = Math.floor(places.length / 2)
  const sides = [places.slice(0, half), places.slice(half)] as const
  for (const how of ['reset', 'silent'] as const) {
    let apart: readonly number[] = places.map(() => 0)
    let whole = apart
    // After the resets nobody may be connected: what the silences do would not show.
    if (how === 'silent') await run.cluster.ready(run.signal)
    for (let time = 0; time < flaps; time++) {
      if (how === 'reset') run.cluster.links.partition(sides)
      else silence(run, sides)
      await run.sleep(underWayMs)
      const before = await commitsOf(run)
      await run.sleep(flapMs - underWayMs)
      const between = await commitsOf(run)
      run.cluster.links.healAll()
      await run.sleep(flapMs)
      apart = each(apart, difference(between, before), Math.max)
      whole = each(whole, difference(await commitsOf(run), between), (a, b) => a + b)
    }
    const report = { how, flaps, apart: named(run, apart), whole: named(run, whole) }
    run.note(`${how}: apart at most ${showMade(report.apart)}, whole ${showMade(report.whole)}`)
    for (const fault of checkFlaps(report)) run.expect(false, fault)
  }
}

function silence(
  { cluster }: ScenarioRun,
  [some, others]: readonly [readonly number[], readonly number[]]
): void {
  for (const a of some) {
    for (const b of others) {
      cluster.links.shape(a, b, { mode: 'hold' })
      cluster.links.shape(b, a, { mode: 'hold' })
    }
  }
}

function each(
  a: readonly number[],
  b: readonly number[],
  join: (a: number, b: number) => number
): readonly number[] {
  return a.map((value, i) => join(value, b[i] ?? 0))
}

function showMade(made: readonly Made[]): string {
  return `commits ${made.map(({ commits }) => commits).join(' ')}`
}
