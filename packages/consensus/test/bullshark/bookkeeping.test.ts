import { AssertionError, type PeerId } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { ConnectedPeers } from '../../src/bullshark/connected-peers.ts'
import { Patience } from '../../src/bullshark/patience.ts'
import { StallWatch, stallPatienceMax } from '../../src/bullshark/stall-watch.ts'
import { TimerBook } from '../../src/bullshark/timer-book.ts'
import {
  type BullsharkOptions,
  checkBullsharkOptions,
  defaultBullsharkOptions,
  tier1Bullshark,
  tier2Bullshark,
  tier3Bullshark
} from '../../src/index.ts'
import { at, four, peerAt, replica } from '../fixtures.ts'

test('patience: twice what it took, twice as long after a wait in vain, within its bounds', () => {
  const patience = new Patience(100, 4)
  const after = (change: () => void) => {
    change()
    return patience.ms
  }
  expect(patience.ms).toBe(100)
  expect(after(() => patience.onAnswer(80))).toBe(160)
  expect(after(() => patience.onSilence())).toBe(320)
  expect(after(() => patience.onSilence())).toBe(400)
  expect(after(() => patience.onAnswer(49))).toBe(100)
  expect(after(() => patience.onAnswer(10_000))).toBe(400)
  expect(after(() => patience.reset())).toBe(100)
})

describe('the stall watch', () => {
  test('counts looks without a new round or commit', () => {
    const watch = new StallWatch(400)
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

  test('waits as long as rounds take, and not for those that were helped along', () => {
    const watch = new StallWatch(400)
    const seen = (round: number, now: number) => {
      watch.see(round, at(now))
      return watch.delayMs
    }
    expect(seen(1, 1_000)).toBe(400)
    expect(seen(2, 1_500)).toBe(1_000)
    expect(seen(2, 1_900)).toBe(1_000)
    expect(seen(3, 2_050)).toBe(1_100)
    // Several at once were fetched.
    expect(seen(9, 2_300)).toBe(1_100)
    watch.look(9, 0)
    watch.look(9, 0)
    expect(watch.delayMs).toBe(stallPatienceMax * 400)
    expect(seen(10, 2_400)).toBe(stallPatienceMax * 400)
    watch.look(10, 0)
    expect(seen(11, 2_500)).toBe(400)
  })

  test('is in a hurry only while nothing moves', () => {
    const watch = new StallWatch(400)
    const member = replica(2)
    const silence = 2 * stallPatienceMax * 400
    watch.look(1, 0)
    expect(watch.connected()).toBe(false)
    expect(watch.heard(member, at(0))).toBe(false)
    expect(watch.heard(member, at(silence + 1))).toBe(false)
    watch.look(1, 0)
    expect(watch.delayMs).toBe(800)
    expect(watch.heard(member, at(2 * silence + 1))).toBe(false)
    expect(watch.delayMs).toBe(800)
    expect(watch.heard(member, at(3 * silence + 2))).toBe(true)
    expect(watch.delayMs).toBe(400)
    watch.look(1, 0)
    expect(watch.connected()).toBe(true)
    expect([watch.delayMs, watch.hurryMs]).toEqual([400, 100])
  })
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

  test('brings a timer forward, and never puts it off', () => {
    const timers = new TimerBook()
    const out: { type: string; at?: number }[] = []
    for (const ms of [9, 5, 7]) timers.advance('a', at(ms), out)
    expect(out.map(effect => effect.at)).toEqual([9, 5])
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
