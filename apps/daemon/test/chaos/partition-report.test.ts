import { describe, expect, test } from 'vitest'
import {
  type AnchorsReport,
  checkAnchors,
  checkFlaps,
  type FlapsReport
} from '../../src/chaos/partition-report.ts'

const made = (...commits: number[]) =>
  commits.map((count, i) => ({ node: `node-${i + 1}`, commits: count }))

describe('leaders that are cut off', () => {
  const report: AnchorsReport = {
    seconds: 3,
    commits: 3,
    leadersCutOff: 2,
    leadersMissed: 1
  }

  test('are missed, and the log goes on all the same', () => {
    expect(checkAnchors(report)).toEqual([])
  })

  test.each<{ change: Partial<AnchorsReport>; fault: string }>([
    {
      change: { commits: 2 },
      fault: 'too little was committed while leaders were away: 2 in 3.0 s'
    },
    {
      change: { seconds: 0.1, commits: 0 },
      fault: 'too little was committed while leaders were away: 0 in 0.1 s'
    },
    { change: { leadersCutOff: 1 }, fault: 'only 1 leaders were cut off' },
    { change: { leadersMissed: 0 }, fault: 'no leader was missed by anybody' }
  ])('$fault', ({ change, fault }) => {
    expect(checkAnchors({ ...report, ...change })).toEqual([fault])
  })
})

describe('a network that flaps', () => {
  const report: FlapsReport = {
    how: 'silent',
    flaps: 5,
    apart: made(8, 0, 3, 8),
    whole: made(1, 2, 1, 2)
  }

  test('commits what was under way, and goes on in between', () => {
    expect(checkFlaps(report)).toEqual([])
  })

  test('has as much under way as it has members', () => {
    const seven = made(14, 14, 0, 0, 0, 0, 0)
    expect(checkFlaps({ ...report, apart: seven })).toEqual([])
    const eight = checkFlaps({ ...report, apart: made(15, 14, 0, 0, 0, 0, 0) })
    expect(eight).toEqual(['node-1 made 15 commits in a half without a quorum'])
  })

  test.each<{ change: Partial<FlapsReport>; faults: string[] }>([
    {
      change: { apart: made(8, 9, 0, 0) },
      faults: ['node-2 made 9 commits in a half without a quorum']
    },
    {
      change: { how: 'reset', apart: made(9, 8, 0, 0) },
      faults: ['node-1 made 9 commits in a half without a quorum']
    },
    { change: { whole: made(0, 2) }, faults: ['node-1 did not commit between 5 silences'] },
    { change: { how: 'reset', whole: made(0, 0) }, faults: [] }
  ])('$change.how: $faults', ({ change, faults }) => {
    expect(checkFlaps({ ...report, ...change })).toEqual(faults)
  })
})
