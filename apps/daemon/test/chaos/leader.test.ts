import { expect, test } from 'vitest'
import type { ScenarioRun } from '../../src/chaos/scenario.ts'
import { leaderOf, roundsWithout } from '../../src/chaos/scenarios/leader.ts'
import { nameOfNode } from '../../src/devnet/layout.ts'

type State = 'undecided' | 'committed' | 'skipped'
interface FakeAnchor {
  /** Who was to lead, by its name. */
  readonly by: string
  readonly state: State
}

/** Twelve daemons, of which one is another program, with seats in the order of their names. */
const places = Array.from({ length: 12 }, (_, place) => place)
const replaced = 4
const seats = places.map(nameOfNode).sort()

/** What the daemons answer at one time after the other; the last answer stays. */
function fakeRun(...answers: readonly (readonly FakeAnchor[])[]) {
  const asked: number[] = []
  let time = -1
  const peerOf = (name: string) => `peer of ${name}`
  const call = (method: string) => {
    if (method === 'consensus.status') {
      time = Math.min(time + 1, answers.length - 1)
      const members = seats.map((name, replica) => ({ replica, peer: peerOf(name) }))
      return { round: 40, members }
    }
    const anchors = answers[time] ?? []
    const rounds = anchors.map(({ by, state }, at) => ({
      round: 20 + 2 * at,
      anchor: { author: seats.indexOf(by), state }
    }))
    return { rounds: rounds.flatMap(each => [each, { round: each.round + 1 }]) }
  }
  const cluster = {
    honest: places.filter(place => place !== replaced),
    nameOf: nameOfNode,
    // Who is down does not answer.
    status: async (place: number) =>
      place === 11 ? undefined : { peer: peerOf(nameOfNode(place)) },
    daemon: (place: number) => {
      asked.push(place)
      return { client: () => ({ call: async (method: string) => call(method) }) }
    }
  }
  const record = { nowMs: () => 0 }
  const run = { cluster, record, sleep: async () => undefined } as unknown as ScenarioRun
  return { run, asked }
}

test('a leader is the daemon that has its key, also where node-10 sits before node-2', async () => {
  expect(seats.indexOf('node-2')).toBe(4)
  for (const by of ['node-1', 'node-2', 'node-10', 'node-11', 'node-9']) {
    const { run, asked } = fakeRun([{ by, state: 'committed' }])
    expect(nameOfNode(await leaderOf(run, 3, 'committed'))).toBe(by)
    expect(asked).toEqual([3])
  }
})

test('the last in the state counts, otherwise the last in any, and never the one excepted', async () => {
  const { run } = fakeRun([
    { by: 'node-3', state: 'committed' },
    { by: 'node-10', state: 'committed' },
    { by: 'node-2', state: 'skipped' }
  ])
  expect(await leaderOf(run, 0, 'committed')).toBe(9)
  expect(await leaderOf(run, 0, 'committed', 9)).toBe(2)
  expect(await leaderOf(run, 0, 'undecided')).toBe(1)
  expect(await leaderOf(run, 0, 'undecided', 1)).toBe(9)
})

test('who is no daemon of ours, or down, is no leader: it waits for one', async () => {
  const others = [
    { by: 'node-5', state: 'committed' },
    { by: 'node-12', state: 'committed' }
  ] as const
  const { run } = fakeRun([], others, [...others, { by: 'node-7', state: 'undecided' }])
  expect(await leaderOf(run, 0, 'undecided')).toBe(6)
})

test('rounds without a leader are those that it was to lead', async () => {
  const { run } = fakeRun([
    { by: 'node-10', state: 'skipped' },
    { by: 'node-2', state: 'skipped' },
    { by: 'node-10', state: 'committed' },
    { by: 'node-10', state: 'skipped' }
  ])
  expect(await roundsWithout(run, 9, 0)).toEqual([20, 26])
  expect(await roundsWithout(run, 1, 0)).toEqual([22])
})
