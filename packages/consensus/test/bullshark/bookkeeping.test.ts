import { AssertionError, type PeerId } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { ConnectedPeers } from '../../src/bullshark/connected-peers.ts'
import { StallWatch } from '../../src/bullshark/stall-watch.ts'
import { TimerBook } from '../../src/bullshark/timer-book.ts'
import {
  type BullsharkOptions,
  checkBullsharkOptions,
  defaultBullsharkOptions,
  tier1Bullshark,
  tier2Bullshark,
  tier3Bullshark
} from '../../src/index.ts'
import { at, four, peerAt } from '../fixtures.ts'

test('the stall watch counts looks without a new round or commit', () => {
  const watch = new StallWatch()
  const looks = [
    [0, 0],
    [1, 0],
    [1, 0],
    [1, 0],
    [1, 1],
    [1, 1],
    [2, 1]
  ].map(([round, index]) => watch.look(round!, index!))
  expect(looks).toEqual([1, 0, 1, 2, 0, 1, 0])
})

describe('the timer book', () => {
  test('asks for nothing that is set already', () => {
    const timers = new TimerBook()
    const out: { type: string; at?: number }[] = []
    timers.set('a', at(5), out)
    timers.set('a', at(5), out)
    timers.set('a', at(7), out)
    timers.set('b', at(5), out)
    expect(out.map(effect => effect.at)).toEqual([5, 7, 5])
  })

  test('keeps a running timer, and sets it again once it fired', () => {
    const timers = new TimerBook()
    const out: { type: string; at?: number }[] = []
    timers.keep('a', at(5), out)
    timers.keep('a', at(9), out)
    timers.fired('a')
    timers.keep('a', at(9), out)
    timers.fired('never set')
    expect(out).toEqual([
      { type: 'set-timer', timer: 'a', at: 5 },
      { type: 'set-timer', timer: 'a', at: 9 }
    ])
  })
})

describe('connected peers', () => {
  test('are asked in the order of the committee, then by name', () => {
    const peers = new ConnectedPeers(four)
    expect(peers.ordered()).toEqual([])
    for (const peer of ['z', peerAt(3), 'a', peerAt(1)]) peers.set(peer as PeerId, true)
    expect(peers.ordered()).toEqual([peerAt(1), peerAt(3), 'a', 'z'])
    expect(peers.ordered()).toBe(peers.ordered())
    peers.set(peerAt(1), false)
    expect([peers.has(peerAt(1)), peers.has(peerAt(3))]).toEqual([false, true])
    expect(peers.ordered()).toEqual([peerAt(3), 'a', 'z'])
  })
})

describe('the options', () => {
  test('of every tier are valid, and the first is the default', () => {
    for (const tier of [tier1Bullshark, tier2Bullshark, tier3Bullshark]) checkBullsharkOptions(tier)
    expect(defaultBullsharkOptions).toEqual(tier1Bullshark)
  })

  const limits: { key: keyof BullsharkOptions; good: number; bad: number }[] = [
    { key: 'gcDepthRounds', good: 4, bad: 3 },
    { key: 'futureRoundsMax', good: 11, bad: 10 },
    { key: 'maxHeaderDelayMs', good: 10, bad: 9 },
    { key: 'maxHeaderDelayCeilingMs', good: 100, bad: 99 },
    { key: 'resendDelayMs', good: 1, bad: 0 },
    { key: 'syncRetryMs', good: 1, bad: 0 },
    { key: 'pullDigestsMax', good: 256, bad: 257 },
    { key: 'pullDigestsMax', good: 1, bad: 0 },
    { key: 'headerBatchesMax', good: 256, bad: 257 },
    { key: 'headerBatchesMax', good: 1, bad: 0 },
    { key: 'catchUpCommitsMax', good: 1, bad: 0 },
    { key: 'servingMax', good: 0, bad: -1 },
    { key: 'idleHeaderDelayMs', good: 0, bad: 0.5 },
    { key: 'schedulePeriodCommits', good: 0, bad: Number.NaN }
  ]
  test.each(limits)('$key: $good is fine, $bad is not', ({ key, good, bad }) => {
    checkBullsharkOptions({ ...tier1Bullshark, [key]: good })
    expect(() => checkBullsharkOptions({ ...tier1Bullshark, [key]: bad })).toThrow(AssertionError)
  })
})
