import { ascii, type Digest } from '@novacron/base'
import type { ReplicaEffect } from '@novacron/replica'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Driven, driven, peers, word } from './driven.ts'
import { diskFull } from './fake-store.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const started = { type: 'started' } as const
const vote: readonly ReplicaEffect[] = [
  {
    type: 'persist',
    durable: true,
    writes: [{ type: 'put', table: 'vote', key: ascii('k'), value: ascii('v') }]
  },
  { type: 'send', to: peers[0], class: 'order', message: word('vote') }
]
const batch: ReplicaEffect = {
  type: 'store-batch',
  batch: { digest: 'b1' as Digest, bytes: ascii('payload') }
}

/** What the machine was told of the disk. */
function toldOf({ machine }: Driven): string[] {
  return machine.events.flatMap(event => (event.type === 'disk' ? [event.state] : []))
}

const aSecond = () => vi.advanceTimersByTimeAsync(1_000)

test('the machine is told, what leaves waits, and goes on without loss when there is room', async () => {
  const node = driven()
  const { driver, machine, store, batches, trace } = node
  machine.script = event => (event.type === 'started' ? [batch, ...vote] : [])
  store.isPrompt = true
  store.isFull = true
  driver.post(started)
  await vi.advanceTimersByTimeAsync(0)
  expect(toldOf(node)).toEqual(['full'])
  expect(batches.has('b1' as Digest)).toBe(true)
  await aSecond()
  await aSecond()
  expect(store.retries).toBe(2)
  expect(toldOf(node)).toEqual(['full'])
  expect(trace).toEqual(['write vote'])

  store.isFull = false
  await aSecond()
  expect(toldOf(node)).toEqual(['full', 'ok'])
  expect(trace).toEqual(['write vote', 'append b1', 'flushed', 'send peer-1 order vote'])
  expect(node.failures).toEqual([])
  await aSecond()
  expect(store.retries).toBe(3)
  expect(vi.getTimerCount()).toBe(0)
})

test('a disk that fills up again while the rest is written is waited for once more', async () => {
  const node = driven()
  const { driver, machine, store, trace, failures } = node
  machine.script = event => (event.type === 'started' ? vote : [])
  store.isFull = true
  driver.post(started)
  await vi.advanceTimersByTimeAsync(0)
  store.isFull = false
  await aSecond()
  store.flushes.shift()?.fail(diskFull())
  await vi.advanceTimersByTimeAsync(0)
  expect(failures).toEqual([])
  expect(toldOf(node)).toEqual(['full'])
  store.isPrompt = true
  await aSecond()
  expect(toldOf(node)).toEqual(['full', 'ok'])
  expect(trace.at(-1)).toBe('send peer-1 order vote')
})

test('a read waits for what was written before it', async () => {
  const node = driven()
  const { driver, machine, store, failures } = node
  machine.script = event =>
    event.type === 'started'
      ? [{ type: 'read', token: 'mine', keys: [{ table: 't', key: ascii('k') }] }]
      : []
  store.isPrompt = true
  store.isFull = true
  driver.post(started)
  await vi.advanceTimersByTimeAsync(0)
  expect(failures).toEqual([])
  expect(toldOf(node)).toEqual(['full'])
  store.isFull = false
  await aSecond()
  expect(machine.events.map(event => event.type)).toEqual(['started', 'disk', 'disk', 'read-done'])
})

test('a batch that has no room yet keeps the disk full, and what was queued behind it waits', async () => {
  const node = driven()
  const { driver, machine, store, batches, trace } = node
  machine.script = event => (event.type === 'started' ? [batch, ...vote] : [])
  store.isPrompt = true
  store.isFull = true
  driver.post(started)
  const { append } = store.batches
  store.isFull = false
  store.batches.append = () => {
    throw diskFull()
  }
  await aSecond()
  expect(toldOf(node)).toEqual(['full'])
  expect(batches.spilledCount).toBe(1)
  expect(trace).not.toContain('flushed')
  store.batches.append = append
  await aSecond()
  expect(toldOf(node)).toEqual(['full', 'ok'])
  expect(trace.slice(-3)).toEqual(['append b1', 'flushed', 'send peer-1 order vote'])
})

test('a retry that fails in another way stops the node', async () => {
  const { driver, store, failures } = driven()
  driver.onDiskFull()
  driver.onDiskFull()
  await aSecond()
  const broken = new Error('io')
  store.flushes[0]?.fail(broken)
  await vi.advanceTimersByTimeAsync(0)
  expect(failures).toEqual([broken])
})

test('nothing is retried after the end, and what is under way is waited for', async () => {
  const node = driven()
  const { driver, store } = node
  driver.onDiskFull()
  await aSecond()
  let isDone = false
  const done = driver[Symbol.asyncDispose]().then(() => {
    isDone = true
  })
  await vi.advanceTimersByTimeAsync(0)
  expect(isDone).toBe(false)
  store.flushes[0]?.done()
  await done
  await aSecond()
  expect(store.retries).toBe(1)
  expect(toldOf(node)).toEqual(['full'])
})
