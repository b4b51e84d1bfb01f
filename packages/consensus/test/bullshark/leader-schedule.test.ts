import { expect, test } from 'vitest'
import { LeaderSchedule } from '../../src/bullshark/leader-schedule.ts'
import { type CommittedSubDag, defaultTurboOptions } from '../../src/index.ts'
import { digest, domain, four, hash, replica, round } from '../fixtures.ts'

const everyone = [0, 1, 2, 3]
/** Of four members, four commits a round, so ten rounds of turbo. */
const scheduleWindowCommits = 40
const cluster = { gcDepthRounds: 50, schedulePeriodCommits: 2, scheduleWindowCommits }
const needs = { committee: four, domain, hash }

/** A commit in which these have earned a point each. */
function commitOf(index: number, r: number, authors: readonly number[]) {
  const vertices = authors.map(author => ({
    ...{ round: round(r - 1), author: replica(author), digest: digest(1), payload: [] }
  }))
  const anchor = { round: round(r), author: replica(0), digest: digest(2) }
  return { index, anchor, vertices, scores: [] } as unknown as CommittedSubDag
}

test.each([
  { name: 'ten rounds', window: 40, rounds: 10 },
  { name: 'a round that has begun', window: 37, rounds: 10 },
  { name: 'one round', window: 4, rounds: 1 },
  { name: 'two rounds', window: 5, rounds: 2 }
])('scores of turbo look back on $name, however few commits these gave', ({ window, rounds }) => {
  const options = { ...cluster, scheduleWindowCommits: window, turbo: defaultTurboOptions }
  const schedule = new LeaderSchedule(options, needs)
  const firstRound = 7
  schedule.count(commitOf(1, firstRound, everyone))
  const scoresAt = (r: number) => schedule.scoresWith(commitOf(3, r, [1, 2]))
  expect(scoresAt(firstRound + rounds - 1)).toEqual([1, 2, 2, 1])
  expect(scoresAt(firstRound + rounds)).toEqual([0, 1, 1, 0])
})

test('and on no more commits than the window has', () => {
  const options = { ...cluster, scheduleWindowCommits: 3, turbo: defaultTurboOptions }
  const schedule = new LeaderSchedule(options, needs)
  for (const index of [1, 3, 5]) schedule.count(commitOf(index, 7, everyone))
  expect(schedule.scoresWith(commitOf(7, 7, everyone))).toEqual([3, 3, 3, 3])
})

test('scores of Bullshark as published look back on commits alone', () => {
  const schedule = new LeaderSchedule(cluster, needs)
  schedule.count(commitOf(1, 8, everyone))
  expect(schedule.scoresWith(commitOf(3, 1_008, [1, 2]))).toEqual([1, 2, 2, 1])
})

test('who is gone leads no more after few commits, although somebody else was away before', () => {
  const turbo = defaultTurboOptions
  const schedule = new LeaderSchedule({ ...cluster, turbo }, needs)
  let index = 0
  const commitIn = (r: number, authors: readonly number[]) => {
    const commit = commitOf(++index, r, authors)
    schedule.count({ ...commit, scores: schedule.scoresWith(commit) })
  }
  for (let r = 2; r <= 10; r++) for (let i = 0; i < 4; i++) commitIn(r, [0, 1, 2])
  expect(schedule.leadersOf(round(20), 4)).not.toContain(3)
  // It is back; then 0 is gone, and every second round has one commit.
  for (let r = 11; r <= 15; r++) for (let i = 0; i < 4; i++) commitIn(r, everyone)
  for (let r = 16; r <= 24; r += 2) commitIn(r, [1, 2, 3])
  expect(schedule.leadersOf(round(30), 4)).not.toContain(0)
  expect(schedule.leadersOf(round(30), 4)).toContain(3)
})
