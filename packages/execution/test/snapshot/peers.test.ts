import type { CommitIndex, Millis, PeerId } from '@novacron/base'
import { beforeEach, expect, test } from 'vitest'
import { defaultSnapshotOptions } from '../../src/snapshot/options.ts'
import { SnapshotPeers } from '../../src/snapshot/peers.ts'
import type { Task } from '../../src/snapshot/task.ts'

const { requestTimeoutMs, requestTimeoutMsMin } = defaultSnapshotOptions
const [quick, other] = ['quick', 'other'] as PeerId[] as [PeerId, PeerId]
const task: Task = {
  type: 'range',
  index: 1 as CommitIndex,
  namespace: 'state',
  from: 0,
  to: 1
}
const isAny = (one: Task): one is Task => one !== undefined

let peers: SnapshotPeers
let now: Millis

beforeEach(() => {
  peers = new SnapshotPeers(defaultSnapshotOptions)
  peers.add(quick)
  peers.add(other)
  now = 1_000_000 as Millis
})

/** So many answers of the one who answers, each after so long. */
function answer(times: number, afterMs: number): void {
  for (let i = 0; i < times; i++) {
    peers.assign(task, now, quick)
    now = (now + afterMs) as Millis
    peers.take(quick, isAny, now)
  }
}

/** Until a request to the other runs out, though it has answered before. */
function silenceMs(): number {
  peers.remove(other)
  peers.add(other)
  if (peers.assign(task, now, other) === undefined) throw new Error('nobody is free')
  for (let ms = 0; ; ms += 50) {
    if (peers.expire((now + ms) as Millis).length === 0) continue
    now = (now + ms) as Millis
    return ms
  }
}

test('a request is given the whole time-out while nobody has answered', () => {
  expect(silenceMs()).toBe(requestTimeoutMs)
})

test('whoever keeps silent where others answer at once is found out sooner', () => {
  answer(10, 20)
  expect(silenceMs()).toBe(requestTimeoutMsMin)
})

test('answers that take long are waited for, up to the time-out', () => {
  answer(30, 500)
  const ms = silenceMs()
  expect(ms).toBeGreaterThanOrEqual(2_000)
  expect(ms).toBeLessThan(requestTimeoutMs)
  answer(30, 3_000)
  expect(silenceMs()).toBe(requestTimeoutMs)
})

test('each wait in vain is followed by one of twice the length, until somebody answers', () => {
  answer(10, 20)
  const waits = [1, 2, 3, 4].map(() => silenceMs())
  expect(waits).toEqual([1_000, 2_000, 4_000, 5_000])
  answer(1, 20)
  expect(silenceMs()).toBe(requestTimeoutMsMin)
})

test('whoever lacks what it is asked for is asked again soon, and then less and less often', () => {
  const { tickMs } = defaultSnapshotOptions
  peers.remove(other)
  const pauses: number[] = []
  for (let i = 0; i < 8; i++) {
    peers.refused(quick, now)
    const refusedAt = now
    while (!peers.hasRoom(now)) now = (now + tickMs / 2) as Millis
    pauses.push(now - refusedAt)
  }
  expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map(factor => factor * tickMs))
  expect(pauses.at(-1)).toBe(requestTimeoutMs)
})
