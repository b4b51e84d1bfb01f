import { ascii, type Digest, type Millis } from '@novacron/base'
import type { ReplicaEffect } from '@novacron/replica'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Driver, type DriverListener } from '../../src/driver/driver.ts'
import { defaultObserverBudgetOptions, ObserverBudget } from '../../src/driver/observer-budget.ts'
import { SpilledBatches } from '../../src/driver/spilled-batches.ts'
import { openStore } from '../../src/store/level-store.ts'
import { failingFiles } from '../store/failing-files.ts'
import { temporaryDirectory } from '../store/temporary-directory.ts'
import { frameOf, peers, ScriptedMachine, word } from './driven.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

const key = (n: number) => ascii(`k${n}`)
const answerBytes = 200_000
const queuedBytesMax = 1_048_576
const roomBytes = 2 ** 40
const scarceBytes = 2 ** 27
const patience = { timeout: 60_000 }

test('a disk that is full for long costs neither memory nor the store, and with room nothing is lost', async () => {
  const files = failingFiles()
  const storeFailures: string[] = []
  const { store } = await openStore(
    { directory: temporaryDirectory(), queuedBytesMax },
    {
      files,
      onFailure: fault => {
        storeFailures.push(fault.code)
        if (fault.code === 'disk-full') driver.onDiskFull()
      }
    }
  )
  await using _store = store
  const batches = new SpilledBatches(store.batches)
  const machine = new ScriptedMachine()
  const counts = new Map<string, number>()
  const failures: unknown[] = []
  const sent: string[] = []
  const listener: DriverListener = {
    onExecuted: () => {},
    onNote: () => {},
    onCount: (name, by) => void counts.set(name, (counts.get(name) ?? 0) + by),
    onStopped: () => {},
    onFailure: error => void failures.push(error)
  }
  const text = (message: unknown) => {
    const words = new TextEncoder().encode(String(message))
    const frame = new Uint8Array(words[0] === 0x61 ? answerBytes : words.length)
    frame.set(words)
    return frame
  }
  const driver = new Driver({
    machine,
    codec: {
      encode: ({ message }) => text(message),
      decode: bytes => word(new TextDecoder().decode(bytes))
    },
    store,
    batches,
    wire: {
      send: (_to, streamClass, frame) => sent.push(`${streamClass} ${frame.length}`) > 0,
      publish: topic => void sent.push(topic),
      penalize: () => {}
    },
    clock: () => 1_000 as Millis,
    signatures: { checkAll: () => true, checkAllNow: () => true },
    others: peers,
    observers: new ObserverBudget(defaultObserverBudgetOptions, peers),
    listener
  })
  await using _driver = driver
  let step = 0
  /** A certificate, a vote, a batch and a large answer for each message; a timer asks a peer for more. */
  const perform = (): readonly ReplicaEffect[] => {
    const n = step++
    const value = new Uint8Array(700)
    const put = (table: string) => ({ type: 'put', table, key: key(n), value }) as const
    return [
      { type: 'store-batch', batch: { digest: `b${n}` as Digest, bytes: new Uint8Array(50_000) } },
      { type: 'persist', durable: false, writes: [put('certificate')] },
      { type: 'persist', durable: true, writes: [put('vote')] },
      { type: 'send', to: peers[0], class: 'order', message: word('vote') },
      { type: 'send', to: peers[0], class: 'bulk', message: word('answer') }
    ]
  }
  machine.script = event => {
    if (event.type === 'timer-fired') {
      return [{ type: 'send', to: peers[1], class: 'sync', message: word('pull') }]
    }
    return event.type === 'received' ? perform() : []
  }
  const take = () => driver.receive(peers[0], frameOf('frame'))
  // So little that the file system is asked each time.
  files.setFreeBytes(scarceBytes)
  for (let n = 0; n < 3; n++) await take()
  await store.flush()

  files.setFreeBytes(0)
  await take()
  await vi.waitFor(() => expect(storeFailures).toEqual(['disk-full']), patience)
  const queuedWhenFull = store.stats().queuedBytes
  const outboxWhenFull = driver.outboxBytes
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 100; n++) {
      await take()
      driver.post({ type: 'timer-fired', timer: 'pull' })
    }
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(failures).toEqual([])
  expect(storeFailures).toEqual(['disk-full'])
  expect(store.stats()).toMatchObject({ state: 'disk-full', queuedBytes: queuedWhenFull })
  expect(driver.outboxBytes).toBe(outboxWhenFull)
  expect(batches.spilledCount).toBe(1)
  expect(step).toBe(4)
  expect(counts.get('message_dropped_disk_full')).toBe(6_000)
  expect(counts.get('answer_dropped')).toBeGreaterThanOrEqual(6_000)

  const before = sent.length
  files.setFreeBytes(roomBytes)
  await vi.advanceTimersByTimeAsync(1_000)
  await vi.waitFor(() => expect(store.stats().state).toBe('open'), patience)
  await vi.waitFor(
    () => expect(machine.events.at(-1)).toEqual({ type: 'disk', state: 'ok' }),
    patience
  )
  expect(batches.spilledCount).toBe(0)
  for (let n = 0; n < 4; n++) {
    expect(batches.has(`b${n}` as Digest)).toBe(true)
    expect(await store.get('vote', key(n))).toBeDefined()
  }
  expect(sent.slice(before)).toContain('order 4')
  await take()
  expect(step).toBe(5)
})
