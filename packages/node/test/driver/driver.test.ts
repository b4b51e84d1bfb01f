import {
  ascii,
  type Digest,
  type Millis,
  type Persist,
  toCommitIndex,
  toMillis
} from '@novacron/base'
import { encodeGossip, type ReplicaEffect, type SignedHead } from '@novacron/replica'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { driven, frameOf, peers, turn, word } from './driven.ts'

const [first, second] = peers
const started = { type: 'started' } as const
const timerFired = { type: 'timer-fired', timer: 'x' } as const

function persist(table: string, durable: boolean): Persist {
  return {
    type: 'persist',
    durable,
    writes: [{ type: 'put', table, key: ascii('k'), value: ascii(table) }]
  }
}

const send = (text: string): ReplicaEffect => ({
  type: 'send',
  to: first,
  class: 'order',
  message: word(text)
})

const batch = (name: string) => ({ digest: name as Digest, bytes: ascii(name) })

const head: SignedHead = {
  epoch: 0 as never,
  index: toCommitIndex(1),
  digest: 'ab'.repeat(32) as Digest,
  replica: 0 as never,
  signature: new Uint8Array(64)
}

describe('effects', () => {
  test('are performed in order', () => {
    const { driver, machine, trace } = driven()
    machine.script = () => [
      { type: 'count', name: 'resent', by: 2 },
      persist('a', false),
      { type: 'store-batch', batch: batch('b1') },
      send('one'),
      { type: 'broadcast', class: 'bulk', message: word('two') },
      { type: 'publish', message: { topic: 'heads', head } },
      { type: 'drop-batches', digests: ['b1' as Digest] },
      { type: 'note', level: 'info', event: 'noted', facts: {} },
      { type: 'penalize', peer: second, code: 'rude' },
      { type: 'executed', outcome: { index: 7 } } as unknown as ReplicaEffect,
      { type: 'stopped', index: toCommitIndex(7) }
    ]
    driver.post(started)
    expect(trace).toEqual([
      'count resent 2',
      'write a',
      'append b1',
      'send peer-1 order one',
      'send peer-1 bulk two',
      'send peer-2 bulk two',
      'publish heads',
      'drop b1',
      'note noted',
      'penalize peer-2 rude',
      'executed 7',
      'stopped 7'
    ])
  })

  test('that leave the node wait for the durable writes before them, and keep their order', async () => {
    const { driver, machine, store, trace } = driven()
    machine.script = event =>
      event.type === 'started'
        ? [
            send('before'),
            persist('vote', true),
            send('vote'),
            { type: 'broadcast', class: 'order', message: word('all') },
            { type: 'publish', message: { topic: 'heads', head } },
            { type: 'executed', outcome: { index: 1 } } as unknown as ReplicaEffect,
            { type: 'drop-batches', digests: ['b1' as Digest] },
            { type: 'count', name: 'resent', by: 1 }
          ]
        : [send('later')]
    driver.post(started)
    driver.post(timerFired)
    expect(trace).toEqual(['send peer-1 order before', 'write vote', 'count resent 1'])
    expect(driver.outboxLength).toBe(6)
    store.flushes[0]?.done()
    await turn()
    expect(trace.slice(3)).toEqual([
      'flushed',
      'send peer-1 order vote',
      'send peer-1 order all',
      'send peer-2 order all',
      'publish heads',
      'executed 1',
      'drop b1',
      'send peer-1 order later'
    ])
    expect(driver.outboxLength).toBe(0)
  })

  test('payload does not wait for the disk', () => {
    const { driver, machine, trace } = driven()
    machine.script = () => [
      { type: 'store-batch', batch: batch('b1') },
      persist('vote', true),
      { type: 'broadcast', class: 'bulk', message: word('batch') },
      send('vote')
    ]
    driver.post(started)
    expect(trace.slice(2)).toEqual(['send peer-1 bulk batch', 'send peer-2 bulk batch'])
    expect(driver.outboxLength).toBe(1)
  })

  test('a write that need not be durable holds nothing up', () => {
    const { driver, machine, store, trace } = driven()
    machine.script = () => [persist('cache', false), send('now')]
    driver.post(started)
    expect(trace).toEqual(['write cache', 'send peer-1 order now'])
    expect(store.flushes).toEqual([])
  })

  test('a read answers with keys and ranges, after the writes before it', async () => {
    const { driver, machine } = driven()
    machine.script = event =>
      event.type === 'started'
        ? [
            persist('t', false),
            {
              type: 'read',
              token: 'mine',
              keys: [
                { table: 't', key: ascii('k') },
                { table: 't', key: ascii('none') }
              ],
              range: { table: 't', from: ascii('a'), to: ascii('z'), limit: 10 }
            },
            { type: 'read', token: 'nothing' }
          ]
        : []
    driver.post(started)
    await turn()
    const [mine, nothing] = machine.events
      .slice(1)
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    const row = { table: 't', key: ascii('k'), value: ascii('t') }
    expect(mine).toEqual({
      type: 'read-done',
      token: 'mine',
      rows: [row, { table: 't', key: ascii('none'), value: undefined }, row]
    })
    expect(nothing).toEqual({ type: 'read-done', token: 'nothing', rows: [] })
  })
})

describe('events', () => {
  test('that come during a step wait for its end', () => {
    const { driver, machine, trace } = driven()
    let depth = 0
    machine.script = event => {
      depth += 1
      expect(depth).toBe(1)
      if (event.type === 'started') driver.post(timerFired)
      depth -= 1
      return [{ type: 'note', level: 'info', event: event.type, facts: {} }, send(event.type)]
    }
    driver.post(started)
    expect(trace).toEqual([
      'note started',
      'send peer-1 order started',
      'note timer-fired',
      'send peer-1 order timer-fired'
    ])
  })

  test('a step that throws stops the node, once', () => {
    const { driver, machine, failures, trace } = driven()
    const bug = new Error('broken invariant')
    machine.script = () => {
      throw bug
    }
    driver.post(started)
    driver.post(timerFired)
    expect(failures).toEqual([bug])
    expect(machine.events).toEqual([started])
    expect(driver.receive(first, frameOf('hello'))).toBeUndefined()
    expect(driver.receiveGossip(first, 'heads', new Uint8Array(0))).toBe('ignore')
    driver.onDiskFull()
    expect(trace).toEqual([])
  })

  test('a store that fails stops the node', async () => {
    const { driver, machine, store, failures, trace } = driven()
    machine.script = () => [persist('vote', true), send('vote')]
    driver.post(started)
    const broken = new Error('io')
    store.flushes[0]?.fail(broken)
    await turn()
    expect(failures).toEqual([broken])
    expect(trace).toEqual(['write vote'])
  })
})

describe('timers', () => {
  afterEach(() => void vi.useRealTimers())

  test('are set, cancelled and fired as events, and none after the end', async () => {
    vi.useFakeTimers({ now: 1_000 })
    const { driver, machine } = driven()
    machine.script = event =>
      event.type === 'started'
        ? [
            { type: 'set-timer', timer: 'a', at: toMillis(900) },
            { type: 'set-timer', timer: 'b', at: toMillis(900) },
            { type: 'set-timer', timer: 'c', at: 9_000 as Millis },
            { type: 'cancel-timer', timer: 'b' }
          ]
        : []
    driver.post(started)
    vi.advanceTimersByTime(10)
    expect(machine.events.slice(1)).toEqual([{ type: 'timer-fired', timer: 'a' }])
    await driver[Symbol.asyncDispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('frames', () => {
  test('enter the machine once they are decoded, screened and checked', () => {
    const { driver, machine } = driven()
    expect(driver.receive(first, frameOf('hello'))).toBeUndefined()
    expect(machine.events).toEqual([{ type: 'received', from: first, message: word('hello') }])
  })

  test.each([
    {
      name: 'undecodable',
      text: 'bad',
      trace: ['count message_rejected 1', 'penalize peer-1 undecodable']
    },
    {
      name: 'rejected',
      text: 'refused',
      trace: ['count message_rejected 1', 'penalize peer-1 not-wanted']
    },
    {
      name: 'badly signed',
      text: 'forged',
      trace: ['count message_rejected 1', 'penalize peer-1 bad-signature']
    },
    { name: 'ignored', text: 'old', trace: ['count message_ignored 1'] }
  ])('$name ones do not, and who sent them is known', ({ text, trace: expected }) => {
    const { driver, machine, trace } = driven()
    expect(driver.receive(first, frameOf(text))).toBeUndefined()
    expect(machine.events).toEqual([])
    expect(trace).toEqual(expected)
  })

  test('a mistake of our own in the codec is thrown on', () => {
    const { driver } = driven()
    expect(() => driver.receive(first, frameOf('bug'))).toThrow(TypeError)
  })

  test('do not enter while the disk is full, even when it filled up during their checks', async () => {
    const answer = Promise.withResolvers<boolean>()
    const { driver, machine, trace } = driven({ checkAll: () => answer.promise })
    const received = driver.receive(first, frameOf('hello'))
    driver.onDiskFull()
    answer.resolve(true)
    await received
    expect(driver.receive(first, frameOf('bad'))).toBeUndefined()
    expect(machine.events).toEqual([{ type: 'disk', state: 'full' }])
    expect(trace).toEqual(Array(2).fill('count message_dropped_disk_full 1'))
    await driver[Symbol.asyncDispose]()
  })

  test('with many signatures enter when all are checked, wherever that is', async () => {
    const answer = Promise.withResolvers<boolean>()
    const { driver, machine, trace } = driven({ checkAll: () => answer.promise })
    const received = driver.receive(first, frameOf('hello'))
    const other = driver.receive(second, frameOf('hello'))
    expect(machine.events).toEqual([])
    answer.resolve(true)
    await received
    await other
    expect(machine.events).toHaveLength(2)
    const wrong = driven({ checkAll: async () => false })
    await wrong.driver.receive(second, frameOf('hello'))
    expect(wrong.machine.events).toEqual([])
    expect(wrong.trace).toEqual(['count message_rejected 1', 'penalize peer-2 bad-signature'])
    expect(trace).toEqual([])
  })
})

describe('gossip', () => {
  const bytes = encodeGossip({ topic: 'heads', head })

  test('is passed on and entered when it holds', () => {
    const { driver, machine } = driven()
    expect(driver.receiveGossip(first, 'heads', bytes)).toBe('accept')
    expect(machine.events).toMatchObject([
      { type: 'gossiped', from: first, message: { topic: 'heads' } }
    ])
  })

  test('with the signatures of a large committee is judged at once too', () => {
    const never = new Promise<boolean>(() => {})
    const { driver, machine } = driven({ checkAll: () => never })
    machine.signatures = 267
    expect(driver.receiveGossip(first, 'heads', bytes)).toBe('accept')
  })

  test('is passed on and not entered while the disk is full', async () => {
    const { driver, machine, trace } = driven()
    driver.onDiskFull()
    expect(driver.receiveGossip(first, 'heads', bytes)).toBe('accept')
    expect(driver.receiveGossip(first, 'heads', bytes.subarray(1))).toBe('reject')
    expect(machine.events).toEqual([{ type: 'disk', state: 'full' }])
    expect(trace).toEqual(['count message_dropped_disk_full 1'])
    await driver[Symbol.asyncDispose]()
  })

  test('is refused when it does not decode, is not wanted, or badly signed', () => {
    const { driver, machine } = driven()
    expect(driver.receiveGossip(first, 'heads', bytes.subarray(1))).toBe('reject')
    machine.gossip = { type: 'ignore', fault: { code: 'other-epoch' } }
    expect(driver.receiveGossip(first, 'heads', bytes)).toBe('ignore')
    machine.gossip = { type: 'reject', fault: { code: 'not-a-member' } }
    expect(driver.receiveGossip(first, 'heads', bytes)).toBe('reject')
    expect(machine.events).toEqual([])
    const forged = driven({ checkAllNow: () => false })
    expect(forged.driver.receiveGossip(first, 'heads', bytes)).toBe('reject')
    const broken = driven({
      checkAllNow: () => {
        throw new TypeError('a bug of ours')
      }
    })
    expect(() => broken.driver.receiveGossip(first, 'heads', bytes)).toThrow(TypeError)
  })
})
