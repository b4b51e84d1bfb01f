import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { flap, missAnchors } from './partition-course.ts'
import {
  commitsOf,
  expectGoing,
  faultyMax,
  othersGoOn,
  quorumOf,
  seats,
  victimOf
} from './steps.ts'

/** What was under way before a cut may still be committed by who holds it; then there is silence. */
const stillMs = 500
const settleMsMax = 3_000

/** Waits until those who are to stand still have done so for a moment; gives up when they never do. */
async function settle(run: ScenarioRun, places: readonly number[]): Promise<readonly number[]> {
  let commits = await commitsOf(run)
  for (let spentMs = 0; spentMs < settleMsMax; spentMs += stillMs) {
    await run.sleep(stillMs)
    const next = await commitsOf(run)
    const isStill = places.every(place => next[place] === commits[place])
    commits = next
    if (isStill) break
  }
  return commits
}

/** Places that have no quorum, and that have one. */
interface Expected {
  readonly halted?: readonly number[]
  readonly going?: readonly number[]
}

/**
 * A stretch of time from when those in `halted` have come to rest, or had time for it: they must make no commit in it, and
 * those in `going` must go on.
 */
async function passTime(
  run: ScenarioRun,
  ms: number,
  { halted = [], going = [] }: Expected
): Promise<void> {
  const made = await commitsIn(run, ms, halted)
  for (const node of going) expectGoing(run, node, made[node] ?? 0, ms)
  let moving = halted.filter(node => made[node] !== 0)
  if (moving.length > 0) {
    // What was under way may come late on a busy machine, but not twice.
    const again = await commitsIn(run, ms, moving)
    moving = moving.filter(node => again[node] !== 0)
  }
  for (const node of moving) {
    run.expect(false, `${run.cluster.nameOf(node)} committed without a quorum`)
  }
}

/** Of each, in a stretch of time that begins once those in `halted` have come to rest, or had time for it. */
async function commitsIn(
  run: ScenarioRun,
  ms: number,
  halted: readonly number[]
): Promise<readonly number[]> {
  const before = await settle(run, halted)
  await run.sleep(ms)
  return (await commitsOf(run)).map((after, node) => after - (before[node] ?? 0))
}

/** Cuts the network into groups for the time of the fault. */
async function divide(
  run: ScenarioRun,
  groups: readonly (readonly number[])[],
  who: Expected
): Promise<void> {
  run.cluster.links.partition(groups)
  run.note(`groups ${groups.map(group => group.map(node => node + 1).join(',')).join(' | ')}`)
  await passTime(run, run.faultMs, who)
}

/** A daemon and its two neighbours. */
const ringReach = 3

const partition = {
  kind: 'real',
  nodesMin: 4,
  recoveryMsMax: 3_000,
  faultMs: 3_000
} as const

/** Faults of the network that part members from each other. */
export const partitionScenarios: readonly RealScenario[] = [
  {
    ...partition,
    name: 'partition-majority',
    what: 'A quorum on one side: it commits, the rest does not, and catches up.',
    run: async run => {
      const places = seats(run)
      const rest = places.slice(0, faultyMax(run))
      const quorum = places.slice(faultyMax(run))
      await divide(run, [quorum, rest], { halted: rest, going: quorum })
    }
  },
  {
    ...partition,
    name: 'partition-half',
    what: 'No quorum on any side: nobody commits until it is whole again.',
    run: async run => {
      const places = seats(run)
      const half = Math.floor(places.length / 2)
      await divide(run, [places.slice(0, half), places.slice(half)], { halted: places })
    }
  },
  {
    ...partition,
    name: 'partition-minority-third',
    what: 'As many as may fail are cut off from all and from each other; the others go on.',
    run: async run => {
      const places = seats(run)
      const alone = places.slice(0, faultyMax(run))
      const quorum = places.slice(faultyMax(run))
      await divide(run, [quorum, ...alone.map(node => [node])], { halted: alone, going: quorum })
    }
  },
  {
    ...partition,
    name: 'partition-isolate-one',
    what: 'Nothing gets to or from one daemon, which halts, and no connection ends: silence only.',
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        for (const other of run.cluster.honest) {
          if (other === victim) continue
          run.cluster.links.shape(victim, other, { mode: 'hold' })
          run.cluster.links.shape(other, victim, { mode: 'hold' })
        }
        await passTime(run, run.faultMs, { halted: [victim] })
      })
    }
  },
  {
    ...partition,
    name: 'partition-bridge',
    what: 'Two sides that only one daemon is on both of; the side with a quorum goes on.',
    run: async run => {
      const places = seats(run)
      const bridge = places[0] ?? 0
      const few = places.slice(1, 1 + faultyMax(run))
      const many = places.slice(1 + faultyMax(run))
      await divide(
        run,
        [
          [bridge, ...many],
          [bridge, ...few]
        ],
        { going: [...many, bridge] }
      )
    }
  },
  {
    ...partition,
    name: 'partition-ring',
    what: 'Each daemon talks to its two neighbours only: with a quorum of three they go on, with a larger one they halt.',
    run: async run => {
      const places = seats(run)
      const groups = places.map((node, i) => [node, places[(i + 1) % places.length] ?? node])
      await divide(run, groups, quorumOf(run) <= ringReach ? { going: places } : { halted: places })
    }
  },
  {
    ...partition,
    name: 'partition-anchors',
    what: 'Whoever leads next is cut off, again and again: leaders are missed, and the log goes on all the same.',
    run: missAnchors
  },
  {
    ...partition,
    name: 'partition-flapping',
    what: 'The network falls into halves for 200 ms, five times: halves do not commit, and between and after them all do.',
    run: flap
  }
]
