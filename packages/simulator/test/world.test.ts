import { ascii, type Digest, type Millis, type PeerId } from '@novacron/base'
import { tables } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import {
  type CrashPoint,
  driversLaw,
  quietScenario,
  World,
  type WorldOptions
} from '../src/index.ts'
import { startOfTimeMs } from '../src/world.ts'
import { sha256 } from './hash.ts'
import { type Toy, type ToyEffect, type ToyEvent, type ToyTypes, toyProtocol } from './toy.ts'

const persist = (durable: boolean, text = 'x'): ToyEffect => ({
  type: 'persist',
  durable,
  writes: [{ type: 'put', table: 'a', key: ascii(text), value: ascii(text) }]
})
const send = (to: number, message: string): ToyEffect => ({
  type: 'send',
  to: `node-${to + 1}` as PeerId,
  class: 'order',
  message
})

function setUp(toy: Toy, options: Partial<WorldOptions> = {}) {
  const rejected: string[] = []
  const failed: unknown[] = []
  const sent: string[] = []
  const events: { place: number; event: ToyEvent; now: Millis }[] = []
  const watched: Toy = {
    ...toy,
    step(event, place, now) {
      events.push({ place, event, now })
      return toy.step?.(event, place, now) ?? []
    }
  }
  const world = new World<ToyTypes>(
    { ...quietScenario, codecSamplePercent: 0, ...options },
    {
      hash: sha256,
      protocol: toyProtocol(watched),
      witness: {
        sent: (_, message) => sent.push(message),
        published: () => undefined,
        started: () => undefined,
        executed: () => undefined,
        rejected: (_, from, code) => rejected.push(`${from} ${code}`),
        failed: (_, error) => failed.push(error)
      }
    }
  )
  for (let place = 0; place < world.places; place++) world.start(place)
  const run = (ms: number) => world.run(world.queue.now + ms)
  const got = (place: number) =>
    events.flatMap(e => (e.place === place && e.event.type === 'received' ? e.event.message : []))
  const kinds = (place: number) =>
    events.filter(e => e.place === place).map(({ event }) => event.type)
  return { world, events, rejected, failed, sent, run, got, kinds }
}

/** Does something once at place 0, when everybody is connected. */
function once(effects: readonly ToyEffect[]): Toy {
  const at = (startOfTimeMs + 60) as Millis
  let isDone = false
  return {
    step(event, place) {
      if (place !== 0 || isDone) return []
      if (event.type === 'started') return [{ type: 'set-timer', timer: 'go', at }]
      if (event.type !== 'timer-fired') return []
      isDone = true
      return effects
    }
  }
}

describe('the driver of the world', () => {
  const slowDisk = { flushDelay: { type: 'uniform', fromMs: 500, toMs: 500 } } as const

  test('holds a send behind the sync of what was persisted before it, and no other', () => {
    const toy = once([
      send(1, 'early'),
      persist(false),
      send(1, 'cached'),
      persist(true),
      send(1, 'late')
    ])
    const { run, got, world } = setUp(toy, slowDisk)
    run(300)
    expect(got(1)).toEqual(['early', 'cached'])
    expect(world.node(0).outboxLength).toBe(1)
    run(400)
    expect(got(1)).toEqual(['early', 'cached', 'late'])
    expect(world.disk(0).unsynced).toBe(0)
  })

  test('a driver that breaks the law sends at once, or never syncs', () => {
    const toy = () => once([persist(true), send(1, 'late')])
    const eager = setUp(toy(), { ...slowDisk, law: { ...driversLaw, persistBeforeSend: false } })
    eager.run(300)
    expect(eager.got(1)).toEqual(['late'])
    const careless = setUp(toy(), { ...slowDisk, law: { ...driversLaw, syncOnDurable: false } })
    careless.run(700)
    expect(careless.got(1)).toEqual(['late'])
    expect(careless.world.disk(0).unsynced).toBe(1)
  })

  test('what waits for one sync shares the next', () => {
    const toy = once([
      persist(true),
      send(1, 'first'),
      persist(true),
      persist(true),
      send(1, 'second')
    ])
    const { run, got, events } = setUp(toy, slowDisk)
    run(1_500)
    expect(got(1)).toEqual(['first', 'second'])
    const times = events.filter(({ event }) => event.type === 'received').map(({ now }) => now)
    expect((times[1] as number) - (times[0] as number)).toBeLessThan(520)
  })

  test('a crash takes what was not flushed, with everything that waited for it', () => {
    const { run, got, world } = setUp(once([persist(true), send(1, 'late')]), slowDisk)
    run(200)
    world.crash(0, 'lost')
    world.crash(0, 'lost')
    run(1_000)
    expect(got(1)).toEqual([])
    expect(world.disk(0).get('a', ascii('x'))).toBeUndefined()
  })

  test('fires timers at their deadline by the own clock, the last one set, unless cancelled', () => {
    const at = (ms: number) => (startOfTimeMs + ms) as Millis
    const toy: Toy = {
      step: (event, place) =>
        event.type !== 'started' || place !== 0
          ? []
          : [
              { type: 'set-timer', timer: 'a', at: at(100) },
              { type: 'set-timer', timer: 'a', at: at(200) },
              { type: 'set-timer', timer: 'b', at: at(150) },
              { type: 'set-timer', timer: 'c', at: at(50) },
              { type: 'cancel-timer', timer: 'c' }
            ]
    }
    const { events, run } = setUp(toy, { clockSkewMsMax: 40 })
    run(400)
    const fired = events.filter(({ event }) => event.type === 'timer-fired')
    expect(fired.map(({ event }) => 'timer' in event && event.timer)).toEqual(['b', 'a'])
    expect(fired.map(({ now }) => Math.round(now - startOfTimeMs))).toEqual([150, 200])
  })

  test('answers reads, stores and drops batches', () => {
    const digest = 'cd'.repeat(32) as Digest
    let step = 0
    const toy: Toy = {
      step(event, place) {
        if (place !== 0 || (event.type !== 'started' && event.type !== 'read-done')) return []
        step++
        if (step > 2) return []
        const stored: ToyEffect = { type: 'store-batch', batch: { digest, bytes: ascii('b') } }
        const dropped: ToyEffect = { type: 'drop-batches', digests: [digest] }
        const key = ascii('x')
        return [
          persist(false),
          step === 1 ? stored : dropped,
          { type: 'read', token: `${step}`, keys: [{ table: 'a', key }] }
        ]
      }
    }
    const { world, events } = setUp(toy)
    const isRead = (n: number) =>
      events.filter(({ event }) => event.type === 'read-done').length === n
    world.run(2_000, () => isRead(1))
    expect(world.disk(0).batches.has(digest)).toBe(false)
    world.run(2_000, () => isRead(2))
    const rows = events.flatMap(({ event }) => (event.type === 'read-done' ? event.rows : []))
    expect(rows.map(({ value }) => value)).toEqual([ascii('x'), ascii('x')])
  })

  test('lets go of batches only when what was persisted before is on the disk', () => {
    const digest = 'cd'.repeat(32) as Digest
    const effects: readonly ToyEffect[] = [
      { type: 'store-batch', batch: { digest, bytes: ascii('b') } },
      persist(true),
      { type: 'drop-batches', digests: [digest] }
    ]
    const drop: Toy = { step: event => (event.type === 'started' ? effects : []) }
    const { world, run } = setUp(drop, { flushDelay: { type: 'uniform', fromMs: 500, toMs: 500 } })
    run(499)
    expect(world.disk(0).batches.has(digest)).toBe(true)
    run(2)
    expect(world.disk(0).batches.has(digest)).toBe(false)
  })

  test('broadcasts to the other members, and publishes to everybody else', () => {
    const toy = once([
      { type: 'broadcast', class: 'order', message: 'all' },
      { type: 'publish', message: 'news' },
      { type: 'count', name: 'told', by: 2 },
      { type: 'note', level: 'info', event: 'told', facts: {} }
    ])
    const { kinds, run, world, sent } = setUp(toy, { replicas: 3, observers: 1 })
    run(500)
    const received = [0, 1, 2, 3].map(
      place => kinds(place).filter(kind => kind === 'received').length
    )
    const gossiped = [0, 1, 2, 3].map(
      place => kinds(place).filter(kind => kind === 'gossiped').length
    )
    expect(received).toEqual([0, 1, 1, 0])
    expect(gossiped).toEqual([0, 1, 1, 1])
    expect(world.counts.get('told')).toBe(2)
    expect(sent).toEqual(['all'])
  })

  test('screens and checks signatures before anything enters', () => {
    const toy: Toy = {
      ...once([send(1, 'good'), send(1, 'ignored'), send(1, 'bad'), send(1, 'forged')]),
      screen: message =>
        message === 'bad' ? 'reject' : message === 'ignored' ? 'ignore' : 'accept',
      checks: (message, seat) =>
        [
          {
            publicKey: seat.committee.members[0]!.publicKey,
            message: ascii(message),
            signature: message === 'forged' ? seat.sign(ascii('x')) : new Uint8Array(64)
          }
        ].filter(() => message !== 'good')
    }
    const { run, got, rejected, world } = setUp(toy)
    run(500)
    expect(got(1)).toEqual(['good'])
    expect(rejected).toEqual(['node-1 toy', 'node-1 bad-signature'])
    expect(world.counts.get('ignored_toy')).toBe(1)
  })

  test('the same goes for gossip', () => {
    const publish = (message: string): ToyEffect => ({ type: 'publish', message })
    const toy: Toy = {
      ...once([publish('good'), publish('bad'), publish('forged')]),
      screen: message => (message === 'bad' ? 'reject' : 'accept'),
      checks: message =>
        message === 'forged'
          ? [{ publicKey: new Uint8Array(32), message: ascii('x'), signature: new Uint8Array(64) }]
          : []
    }
    const { run, kinds, rejected } = setUp(toy, { replicas: 2 })
    run(500)
    expect(kinds(1).filter(kind => kind === 'gossiped')).toHaveLength(1)
    expect(rejected).toEqual(['node-1 toy', 'node-1 bad-signature'])
  })

  test('an accusation by a machine is heard', () => {
    const peer = 'node-3' as PeerId
    const { run, rejected } = setUp(once([{ type: 'penalize', peer, code: 'odd' }]))
    run(200)
    expect(rejected).toEqual(['node-3 odd'])
  })

  test('a machine that throws is dead, and the world knows', () => {
    const toy: Toy = {
      step(event, place) {
        if (event.type === 'peer-connected' && place === 2) throw new Error('broken')
        return []
      }
    }
    const { run, failed, world } = setUp(toy)
    run(500)
    expect(failed).toHaveLength(1)
    expect([0, 1, 2, 3].map(place => world.isUp(place))).toEqual([true, true, false, true])
    expect(world.submit(2, new Uint8Array(1), 1)).toBe(false)
    expect(world.submit(1, new Uint8Array(1), 1)).toBe(true)
  })

  test('messages go through the codec, and one that it changes is a failure', () => {
    const lossy = { ...once([send(1, 'text')]), decode: () => 'other' }
    const { run, failed, got } = setUp(lossy, { codecSamplePercent: 100 })
    run(500)
    expect(String(failed[0])).toContain('the codec changes text')
    expect(got(1)).toEqual([])
    const right = setUp(once([send(1, 'text')]), { codecSamplePercent: 100 })
    right.run(500)
    expect(right.got(1)).toEqual(['text'])
  })

  test('a restarted machine is new, has its disk, and learns who is connected', () => {
    const seen: boolean[] = []
    const { world, run, kinds, events } = setUp({
      onMake: seat => {
        if (seat.peer === 'node-1') seen.push(seat.wasSignedLogPresent)
      }
    })
    run(100)
    world.crash(0, 'kept')
    expect(() => world.replaceDisk(1, undefined)).toThrow('stopped')
    world.replaceDisk(0, undefined)
    run(100)
    events.length = 0
    world.start(0)
    world.start(0)
    run(100)
    expect(seen).toEqual([true, false])
    expect(kinds(0).sort()).toEqual([...Array(3).fill('peer-connected'), 'started'])
    expect(kinds(1)).toEqual(['peer-connected'])
  })
})

describe('crash points', () => {
  const point = (change: Partial<CrashPoint>): CrashPoint => ({
    place: 0,
    persist: 1,
    point: 'before',
    loss: 'lost',
    downMs: 50,
    isForAll: false,
    ...change
  })
  const effects = () => once([persist(true, 'k'), persist(false, 'l'), send(1, 'done')])

  test.each([
    { name: 'before the writes', change: {}, kept: [false, false], sends: 0 },
    { name: 'written, not flushed', change: { point: 'written' }, kept: [false, false], sends: 0 },
    {
      name: 'written, by luck on the disk',
      change: { point: 'written', loss: 'kept' },
      kept: [true, false],
      sends: 0
    },
    { name: 'flushed', change: { point: 'flushed' }, kept: [true, false], sends: 0 },
    {
      name: 'at the second persist',
      change: { point: 'written', persist: 2, loss: 'kept' },
      kept: [true, true],
      sends: 0
    },
    { name: 'after the step', change: { point: 'sent' }, kept: [false, false], sends: 0 }
  ] as const)('$name', ({ change, kept, sends }) => {
    const { world, got, run } = setUp(effects())
    world.addCrashPoint(point(change as Partial<CrashPoint>))
    world.run(5_000, () => world.crashPointsLeft === 0)
    expect(world.isUp(0)).toBe(false)
    const has = ['k', 'l'].map(key => world.disk(0).get('a', ascii(key)) !== undefined)
    expect(has).toEqual(kept)
    run(100)
    expect(world.isUp(0)).toBe(true)
    expect(got(1)).toHaveLength(sends)
  })

  test('the power may fail for everybody', () => {
    const { world, run } = setUp(effects())
    world.addCrashPoint(point({ isForAll: true }))
    world.run(5_000, () => world.crashPointsLeft === 0)
    expect([0, 1, 2, 3].some(place => world.isUp(place))).toBe(false)
    run(100)
    expect([0, 1, 2, 3].every(place => world.isUp(place))).toBe(true)
  })

  test('the record of signatures reaches the disk last', () => {
    const key = ascii('h')
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 40; seed++) {
      const { world } = setUp(once([toyWrites(key)]), { seed })
      world.addCrashPoint(point({ point: 'written', loss: 'partly' }))
      world.run(5_000, () => world.crashPointsLeft === 0)
      const has = [tables.signed, tables.header].map(table => world.disk(0).get(table, key))
      outcomes.add(has.map(value => (value === undefined ? '-' : '+')).join(''))
    }
    expect(outcomes).toEqual(new Set(['--', '-+', '++']))
  })
})

function toyWrites(key: Uint8Array): ToyEffect {
  const put = (table: string) => ({ type: 'put', table, key, value: key }) as const
  return { type: 'persist', durable: true, writes: [put(tables.signed), put(tables.header)] }
}
