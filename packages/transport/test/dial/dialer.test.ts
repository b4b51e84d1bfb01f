import type { PeerId } from '@novacron/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { backoffMs } from '../../src/dial/backoff.ts'
import { addressesPerPeerMax, Dialer } from '../../src/dial/dialer.ts'

const peer = 'peer-a' as PeerId
const reconnect = { backoffMinMs: 200, backoffMaxMs: 10_000 }

test.each([
  { attempt: 0, random: 0, expected: 100 },
  { attempt: 0, random: 1, expected: 200 },
  { attempt: 3, random: 0.5, expected: 1200 },
  { attempt: 6, random: 1, expected: 10_000 },
  { attempt: 5000, random: 0, expected: 5000 }
])(
  'pause of attempt $attempt at jitter $random is $expected ms',
  ({ attempt, random, expected }) => {
    expect(backoffMs(attempt, reconnect, () => random)).toBe(expected)
  }
)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function setUp(dialTimeoutMs = 1000): {
  dialer: Dialer
  dials: (readonly string[])[]
  failures: number[]
  world: { isTaken: boolean; dial: () => Promise<void> }
} {
  const dials: (readonly string[])[] = []
  const failures: number[] = []
  const world = { isTaken: false, dial: () => Promise.reject(new Error('refused')) }
  const dialer = new Dialer(
    { reconnect, dialTimeoutMs },
    {
      dial: (_peer, addresses) => {
        dials.push(addresses)
        return world.dial()
      },
      isTaken: () => world.isTaken,
      onFailed: (_peer, _attempt, retryInMs) => failures.push(retryInMs),
      random: () => 1
    }
  )
  return { dialer, dials, failures, world }
}

test('a peer that does not answer is dialed again and again, ever more rarely', async () => {
  const { dialer, dials, failures } = setUp()
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  await vi.advanceTimersByTimeAsync(0)
  expect(failures).toEqual([200])
  await vi.advanceTimersByTimeAsync(199)
  expect(dials).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(dials).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(failures.slice(0, 8)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  await dialer.stop()
})

test('a connection that lasted starts the pauses anew, one that did not goes on', async () => {
  const { dialer, dials, failures, world } = setUp()
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  await vi.advanceTimersByTimeAsync(3000)
  world.isTaken = true
  await vi.advanceTimersByTimeAsync(10_000)
  const before = dials.length
  world.isTaken = false
  dialer.lost(peer, 9_999)
  await vi.advanceTimersByTimeAsync(1599)
  expect(dials.length).toBe(before)
  await vi.advanceTimersByTimeAsync(1)
  expect(failures.at(-1)).toBeGreaterThan(200)
  world.isTaken = true
  await vi.advanceTimersByTimeAsync(20_000)
  world.isTaken = false
  dialer.lost(peer, 10_000)
  await vi.advanceTimersByTimeAsync(200)
  expect(failures.at(-1)).toBe(400)
  dialer.lost('somebody else' as PeerId, 0)
  await dialer.stop()
})

test('a dial that brings no connection in the end is repeated too, without being a failure', async () => {
  const { dialer, dials, failures, world } = setUp()
  world.dial = () => Promise.resolve()
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  await vi.advanceTimersByTimeAsync(200)
  expect([dials.length, failures.length]).toEqual([2, 0])
  await dialer.stop()
})

test('a peer that was reached before is given up sooner, but for every third time', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout')
  const { dialer, world } = setUp(5_000)
  world.dial = () => new Promise(resolve => setTimeout(resolve, 200))
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  await vi.advanceTimersByTimeAsync(100)
  world.isTaken = true
  await vi.advanceTimersByTimeAsync(20_000)
  world.isTaken = false
  world.dial = () => Promise.reject(new Error('not answered'))
  dialer.lost(peer, 20_000)
  await vi.advanceTimersByTimeAsync(10_000)
  const given = timeout.mock.calls.map(([ms]) => ms)
  expect(given.slice(0, 5)).toEqual([5_000, 2_000, 5_000, 2_000, 2_000])
  timeout.mockRestore()
  await dialer.stop()
})

test('addresses learned later are dialed too; the first ones stay', async () => {
  const { dialer, dials } = setUp()
  dialer.keep({ peer, addresses: [] }, 0)
  await vi.advanceTimersByTimeAsync(1000)
  expect([dialer.has(peer), dials.length]).toEqual([true, 0])
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  dialer.keep({ peer, addresses: ['/b', '/a'] }, 0)
  await vi.advanceTimersByTimeAsync(0)
  expect(dials[0]).toEqual(['/a', '/b'])
  const many = Array.from({ length: 20 }, (_, n) => `/more/${n}`)
  dialer.keep({ peer, addresses: many }, 0)
  expect(dialer.addresses(peer)).toHaveLength(addressesPerPeerMax)
  expect(dialer.addresses(peer).slice(0, 2)).toEqual(['/a', '/b'])
  expect([...dialer.peers]).toEqual([peer])
  expect(dialer.addresses('nobody' as PeerId)).toEqual([])
  await dialer.stop()
})

test('stopping waits for the dial under way and starts no other', async () => {
  const { dialer, dials, failures, world } = setUp()
  let fail: () => void = () => undefined
  world.dial = () =>
    new Promise((_resolve, reject) => {
      fail = () => reject(new Error('aborted'))
    })
  dialer.keep({ peer, addresses: ['/a'] }, 0)
  await vi.advanceTimersByTimeAsync(0)
  expect(dialer.isDialing(peer)).toBe(true)
  const stopped = dialer.stop()
  fail()
  await stopped
  dialer.lost(peer, 0)
  dialer.keep({ peer, addresses: ['/b'] }, 0)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([dials.length, failures.length]).toEqual([1, 0])
})
