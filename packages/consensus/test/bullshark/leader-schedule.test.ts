import { expect, test } from 'vitest'
import { LeaderSchedule } from '../../src/bullshark/leader-schedule.ts'
import { type CommittedSubDag, defaultTurboOptions } from '../../src/index.ts'
import { digest, domain, four, hash, replica, round } from '../fixtures.ts'

const everyone = [0, 1, 2, 3]
/** Of four members, four commits a round, so ten rounds of turbo; of Bullshark as published these are eighty. */
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
  { turbo: defaultTurboOptions, rounds: 10 },
  { turbo: undefined, rounds: 80 }
])('scores look back on $rounds rounds, however few commits these gave', ({ turbo, rounds }) => {
  const schedule = new LeaderSchedule({ ...cluster, turbo }, needs)
  const firstRound = 7
  for (const index of [1, 3, 5]) schedule.count(commitOf(index, firstRound, everyone))
  const scoresAt = (r: number) => schedule.scoresWith(commitOf(7, r, [1, 2]))
  expect(scoresAt(firstRound + rounds - 1)).toEqual([3, 4, 4, 3])
  expect(scoresAt(firstRound + rounds)).toEqual([0, 1, 1, 0])
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
