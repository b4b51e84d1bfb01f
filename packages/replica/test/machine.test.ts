import type { PeerId, Verified } from '@novacron/base'
import { Writer } from '@novacron/base'
import {
  headerSigningBytes,
  indexKey,
  makeHeader,
  type OrdererEffect,
  type OrdererEvent,
  type OrdererStatus,
  tables,
  writeSignedHeader
} from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { headTimer } from '../src/head-teller.ts'
import type { ReplicaEffect, ReplicaEvent, ReplicaMessage } from '../src/index.ts'
import { runTimer } from '../src/runner.ts'
import {
  at,
  batch,
  certificateOf,
  checkpointAt,
  commitAfter,
  commitChain,
  digestOfText,
  domain,
  epoch,
  hash,
  indexOf,
  only,
  openOf,
  peerAt,
  referenceOf,
  replicaOf,
  signerOf
} from './fixtures.ts'
import { Host } from './host.ts'
import { MemoryStore } from './memory-store.ts'
import {
  type RoundRobinMessage,
  RoundRobinOrderer,
  roundRobinCodec
} from './round-robin-orderer.ts'

type Effect = OrdererEffect<RoundRobinMessage>

/** Answers the next event of a type with these effects, as a test says; otherwise takes turns. */
class ScriptedOrderer extends RoundRobinOrderer {
  readonly seen: OrdererEvent<RoundRobinMessage>[] = []
  readonly script = new Map<string, readonly Effect[]>()

  override step(event: OrdererEvent<RoundRobinMessage>, now: ReturnType<typeof at>) {
    this.seen.push(event)
    const scripted = this.script.get(event.type)
    this.script.delete(event.type)
    return scripted ?? super.step(event, now)
  }

  override status(): OrdererStatus {
    return { ...super.status(), reasons: ['no quorum'] }
  }

  typesSeen(): string[] {
    return this.seen.map(({ type }) => type)
  }
}

/** One replica whose orderer says what a test wants; reads are answered at once. */
class Bench {
  readonly host: Host<RoundRobinMessage>
  readonly orderer: ScriptedOrderer
  now = 1_000

  constructor(seat = 1, store = new MemoryStore(), settings = {}) {
    const codec = roundRobinCodec({ domain, hash })
    let orderer: ScriptedOrderer | undefined
    const makeOrderer = (needs: ConstructorParameters<typeof ScriptedOrderer>[0]) => {
      orderer = new ScriptedOrderer(needs)
      return orderer
    }
    this.host = new Host(seat, { makeOrderer, codec }, settings, store)
    this.orderer = orderer as unknown as ScriptedOrderer
  }

  started(): this {
    this.step({ type: 'started' })
    return this
  }

  step(event: ReplicaEvent): ReplicaEffect[] {
    const all: ReplicaEffect[] = []
    const events: ReplicaEvent[] = [event]
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of this.host.replica.step(next, at(this.now))) {
        all.push(effect)
        if (effect.type === 'persist') this.host.store.write(effect.writes)
        if (effect.type === 'store-batch') {
          this.host.store.batches.set(effect.batch.digest, effect.batch.bytes)
        }
        if (effect.type === 'read') {
          const rows = this.host.store.rowsOf(effect)
          events.push({ type: 'read-done', token: effect.token, rows })
        }
      }
    }
    return all
  }

  receive(message: ReplicaMessage<RoundRobinMessage>, from = peerAt(0)): ReplicaEffect[] {
    return this.step({ type: 'received', from, message: message as Verified<typeof message> })
  }

  /** The orderer answers the next measurement with these effects. */
  say(...effects: Effect[]): ReplicaEffect[] {
    this.orderer.script.set('network-measured', effects)
    return this.step({ type: 'network-measured', roundTripMs: 1 })
  }
}

const one = batch(openOf(1))

describe('before it is restored', () => {
  test('it takes no messages, gossip or transactions, and says so', () => {
    const bench = new Bench()
    const { replica } = bench.host
    const certificate = certificateOf(checkpointAt(5))
    const message = {
      layer: 'snapshot',
      message: { type: 'get-manifest', above: indexOf(0) }
    } as const
    expect(replica.admits(1)).toBe(false)
    expect(replica.screen(peerAt(0), message)).toMatchObject({ fault: { code: 'restoring' } })
    expect(bench.receive(message)).toEqual([])
    const gossip = { topic: 'checkpoints', certificate } as const
    const verified = gossip as Verified<typeof gossip>
    expect(bench.step({ type: 'gossiped', from: peerAt(0), message: verified })).toEqual([])
    expect(replica.status()).toMatchObject({ state: 'restoring', checkpointIndex: 0 })
    bench.started()
    expect(replica.status().state).toBe('running')
    expect(replica.admits(1)).toBe(true)
    expect(replica.screen(peerAt(0), message).type).toBe('accept')
    expect(replica.signaturesOf(message)).toEqual([])
  })

  test('a damaged own vote stops it: it might sign another in its place', () => {
    const bench = new Bench()
    const put = { type: 'put', table: 'checkpoint-vote', key: new Uint8Array(8) } as const
    bench.host.store.write([{ ...put, value: new Uint8Array(9) }])
    expect(() => bench.started()).toThrow(/truncated/)
  })
})

describe('what the orderer says', () => {
  test('goes out under its own names', () => {
    const bench = new Bench().started()
    const slot = { type: 'slot', subDag: commitAfter(undefined) } as const
    const effects = bench.say(
      { type: 'send', to: peerAt(2), class: 'order', message: slot },
      { type: 'broadcast', class: 'order', message: slot },
      { type: 'set-timer', timer: 'x', at: at(5) },
      { type: 'cancel-timer', timer: 'x' },
      { type: 'penalize', peer: peerAt(3), code: 'lied' },
      { type: 'count', name: 'rounds', by: 1 }
    )
    const message = { layer: 'order', message: slot }
    expect(effects).toEqual([
      { type: 'send', to: peerAt(2), class: 'order', message },
      { type: 'broadcast', class: 'order', message },
      { type: 'set-timer', timer: 'order/x', at: 5 },
      { type: 'cancel-timer', timer: 'order/x' },
      { type: 'penalize', peer: peerAt(3), code: 'lied' },
      { type: 'count', name: 'rounds', by: 1 }
    ])
  })

  test('every event that it gets names its epoch', () => {
    const bench = new Bench().started()
    bench.step({ type: 'peer-connected', peer: peerAt(0) })
    bench.step({ type: 'timer-fired', timer: 'order/slot' })
    bench.step({ type: 'stop-at', index: indexOf(9) })
    expect(bench.orderer.seen.length).toBeGreaterThan(4)
    expect(bench.orderer.seen.every(event => event.epoch === epoch)).toBe(true)
  })

  test('payload is taken from what was submitted, stored before it is offered, and given back', () => {
    const bench = new Bench().started()
    bench.orderer.seen.length = 0
    bench.step({ type: 'submitted', region: openOf(1), count: 1 })
    expect(bench.host.replica.status().pendingBytes).toBeGreaterThan(0)
    const effects = bench.say({ type: 'request-payload', batchesMax: 8, bytesMax: 1_000 })
    const types = effects.map(({ type }) => type)
    expect(types.indexOf('store-batch')).toBeLessThan(types.lastIndexOf('broadcast'))
    const offered = bench.orderer.seen.find(event => event.type === 'payload-offered')
    if (offered?.type !== 'payload-offered') throw new Error('nothing offered')
    expect(offered.batches).toHaveLength(1)
    expect(bench.orderer.typesSeen()).toContain('payload-waiting')
    bench.orderer.seen.length = 0
    bench.say({ type: 'requeue', batches: offered.batches })
    expect(bench.orderer.typesSeen()).toContain('payload-waiting')
  })

  test('wanted batches are pulled, and the orderer hears of them when they come', () => {
    const bench = new Bench().started()
    bench.say({ type: 'want-batches', batches: [referenceOf(one)], holders: [peerAt(3)] })
    bench.now += 100
    const asked = only(bench.step({ type: 'timer-fired', timer: 'mempool/pull-batches' }), 'send')
    const pull = { type: 'pull-batches', digests: [one.digest] }
    expect(asked).toMatchObject([{ to: peerAt(3), message: { layer: 'mempool', message: pull } }])
    bench.receive({ layer: 'mempool', message: { type: 'batch', batch: one } }, peerAt(3))
    expect(bench.orderer.typesSeen()).toContain('batches-stored')
    expect(bench.host.store.has(one.digest)).toBe(true)
  })

  test('evidence is published once, and counted', () => {
    const bench = new Bench().started()
    const evidence = { against: peerAt(2), kind: 'header-equivocation', objects: [] }
    const first = bench.say({ type: 'evidence', ...evidence })
    expect(only(first, 'publish')).toMatchObject([{ message: { topic: 'evidence', evidence } }])
    expect(bench.say({ type: 'evidence', ...evidence })).toEqual([])
    const gossip = { topic: 'evidence', evidence } as Verified<{
      topic: 'evidence'
      evidence: typeof evidence
    }>
    expect(bench.step({ type: 'gossiped', from: peerAt(0), message: gossip })).toEqual([])
    expect(bench.host.replica.status().evidenceCount).toBe(1)
  })
})

describe('what others say', () => {
  test('evidence and heads are screened, and a head reaches the orderer', () => {
    const bench = new Bench().started()
    const { replica } = bench.host
    const header = (ms: number) => {
      const fields = { epoch, round: 1 as never, author: replicaOf(2), payload: [], parents: [] }
      const made = makeHeader({ ...fields, createdAt: at(ms) }, domain, hash)
      const writer = new Writer()
      const signature = signerOf(2)(headerSigningBytes(made, domain))
      writeSignedHeader(writer, { header: made, signature })
      return writer.finish()
    }
    const evidence = {
      topic: 'evidence',
      evidence: { against: peerAt(2), kind: 'header-equivocation', objects: [header(1), header(2)] }
    } as const
    expect(replica.screenGossip(evidence).type).toBe('accept')
    expect(replica.gossipSignaturesOf(evidence)).toHaveLength(2)
    const signature = new Uint8Array(64)
    const place = { epoch, index: indexOf(9), digest: digestOfText('c'), replica: replicaOf(0) }
    const head = { topic: 'heads', head: { ...place, signature } } as const
    bench.step({ type: 'gossiped', from: peerAt(0), message: head as Verified<typeof head> })
    const seen = { type: 'head-seen', index: 9, from: peerAt(0), epoch }
    expect(bench.orderer.seen.at(-1)).toEqual(seen)
  })

  test('the orderer screens its own messages', () => {
    const bench = new Bench().started()
    const message = { type: 'slot', subDag: commitAfter(undefined) } as const
    const { replica } = bench.host
    expect(replica.screen(peerAt(0), { layer: 'order', message }).type).toBe('accept')
    expect(replica.screen(peerAt(2), { layer: 'order', message }).type).toBe('reject')
    expect(replica.signaturesOf({ layer: 'order', message })).toEqual([])
    expect(only(bench.receive({ layer: 'order', message }), 'executed')).toHaveLength(1)
  })

  test('timers that nobody knows are harmless', () => {
    const bench = new Bench().started()
    for (const timer of ['x', 'other/x', runTimer, headTimer, 'checkpoint/x', 'snapshot/x']) {
      expect(bench.step({ type: 'timer-fired', timer })).toEqual([])
    }
  })
})

describe('commits', () => {
  const chain = commitChain(9, () => [referenceOf(one)])
  const deliver = (index: number): Effect => ({
    type: 'deliver',
    subDag: chain[index - 1] as (typeof chain)[number],
    finality: 'final'
  })

  test('are run when their payload is here, told, and held up until then, in words', () => {
    const bench = new Bench().started()
    expect(only(bench.say(deliver(1), deliver(2)), 'executed')).toEqual([])
    expect(bench.host.replica.status()).toMatchObject({
      executedIndex: 0,
      reasons: ['no quorum', '1 batches of the next commit are missing']
    })
    bench.now += 100
    bench.step({ type: 'peer-connected', peer: peerAt(0) })
    const asked = only(bench.step({ type: 'timer-fired', timer: 'mempool/pull-batches' }), 'send')
    expect(asked).toHaveLength(1)
    const effects = bench.receive({ layer: 'mempool', message: { type: 'batch', batch: one } })
    expect(only(effects, 'executed').map(({ subDag }) => subDag.index)).toEqual([1, 2])
    expect(effects.findIndex(({ type }) => type === 'store-batch')).toBe(0)
    const told = bench.orderer.seen.filter(event => event.type === 'executed')
    expect(told).toMatchObject([{ index: 1 }, { index: 2 }])
    expect(bench.host.replica.status().reasons).toEqual(['no quorum'])
    expect(bench.host.replica.retainedFrom).toBe(1)
    expect(bench.host.replica.orderer).toBe(bench.orderer)
  })

  test('whose payload nobody gives away for long are given up for a snapshot', () => {
    const bench = new Bench(1, new MemoryStore(), { replica: { payloadWaitMs: 500 } }).started()
    bench.step({ type: 'peer-connected', peer: peerAt(0) })
    const manifests = (effects: readonly ReplicaEffect[]) =>
      only(effects, 'send').filter(({ message }) => message.layer === 'snapshot')
    expect(manifests(bench.say(deliver(1)))).toEqual([])
    bench.now += 499
    expect(manifests(bench.say())).toEqual([])
    bench.now += 1
    const message = { layer: 'snapshot', message: { type: 'get-manifest', above: 0 } }
    expect(manifests(bench.say())).toMatchObject([{ to: peerAt(0), message }])
  })

  test('whose record the store has lost are given up for a snapshot, and the reason is told', () => {
    const store = new MemoryStore()
    store.batches.set(one.digest, one.bytes)
    const settings = { replica: { payloadWaitMs: 500 } }
    const bench = new Bench(1, store, settings).started()
    for (const subDag of chain.slice(0, 3)) {
      bench.receive({ layer: 'order', message: { type: 'slot', subDag } })
    }
    const left = new MemoryStore(store)
    left.write([{ type: 'delete', table: tables.commit, key: indexKey(1) }])
    const again = new Bench(1, left, settings)
    again.step({ type: 'started' })
    const { replica } = again.host
    expect(replica.status().executedIndex).toBe(0)
    expect(replica.status().reasons).toContain(
      'the record of the next commit is lost, only a snapshot helps'
    )
    again.now += 500
    again.say()
    expect(replica.status().reasons.join()).toContain('looking for a snapshot')
  })

  test('beyond the bound of a step go on at once, by a timer', () => {
    const settings = { replica: { executeCommitsPerStep: 2 } }
    const bench = new Bench(1, new MemoryStore(), settings).started()
    bench.host.store.batches.set(one.digest, one.bytes)
    const effects = bench.say(deliver(1), deliver(2), deliver(3), deliver(4), deliver(5))
    expect(only(effects, 'executed')).toHaveLength(2)
    expect(effects).toContainEqual({ type: 'set-timer', timer: runTimer, at: bench.now })
    const next = () => only(bench.step({ type: 'timer-fired', timer: runTimer }), 'executed')
    expect(next()).toHaveLength(2)
    expect(next()).toHaveLength(1)
  })

  test('one at a time from the store still need nobody to push them on', () => {
    const store = new MemoryStore()
    store.batches.set(one.digest, one.bytes)
    const bench = new Bench(1, store, { replica: { readCommitsMax: 1 } }).started()
    for (const subDag of chain.slice(0, 8)) {
      bench.receive({ layer: 'order', message: { type: 'slot', subDag } })
    }
    const again = new Bench(1, new MemoryStore(store), { replica: { readCommitsMax: 1 } })
    const effects = again.step({ type: 'started' })
    expect(only(effects, 'executed').map(({ subDag }) => subDag.index)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8
    ])
  })
})

describe('the disk', () => {
  test('when full: nothing is taken or signed; with room again it goes on', () => {
    const bench = new Bench().started()
    bench.step({ type: 'disk', state: 'full' })
    const { replica } = bench.host
    expect(replica.status().state).toBe('disk-full')
    expect(replica.admits(1)).toBe(false)
    expect(bench.orderer.seen.at(-1)).toMatchObject({ type: 'hold', reason: 'the disk is full' })
    bench.step({ type: 'disk', state: 'ok' })
    expect(bench.orderer.seen.at(-1)).toMatchObject({ type: 'release', reason: 'the disk is full' })
    expect(replica.status().state).toBe('running')
    expect(replica.admits(1)).toBe(true)
  })

  test('when full: nothing is run, read or asked for, and what was ordered meanwhile is run after', () => {
    const bench = new Bench(1, new MemoryStore(), { replica: { readCommitsMax: 2 } }).started()
    const chain = commitChain(4)
    bench.step({ type: 'disk', state: 'full' })
    for (const subDag of chain) {
      const effects = bench.receive({ layer: 'order', message: { type: 'slot', subDag } })
      expect(only(effects, 'executed')).toEqual([])
      expect(only(effects, 'read')).toEqual([])
    }
    bench.now += 60_000
    expect(only(bench.step({ type: 'timer-fired', timer: runTimer }), 'executed')).toEqual([])
    expect(bench.host.replica.status()).toMatchObject({
      state: 'disk-full',
      executedIndex: 0,
      reasons: expect.arrayContaining([
        'nothing is taken from peers or run until the disk has room'
      ])
    })
    const after = bench.step({ type: 'disk', state: 'ok' })
    expect(only(after, 'executed').map(({ subDag }) => subDag.index)).toEqual([1, 2, 3, 4])
    expect(bench.host.replica.status().reasons).toEqual(['no quorum'])
  })

  test('when full for long: payload that was missing before is waited for anew', () => {
    const bench = new Bench(1, new MemoryStore(), { replica: { payloadWaitMs: 500 } }).started()
    const subDag = commitAfter(undefined, [referenceOf(one)])
    bench.receive({ layer: 'order', message: { type: 'slot', subDag } })
    const isFetching = () => bench.host.replica.status().reasons.join().includes('snapshot')
    bench.step({ type: 'disk', state: 'full' })
    bench.now += 60_000
    bench.say()
    bench.step({ type: 'disk', state: 'ok' })
    bench.now += 499
    bench.say()
    expect(isFetching()).toBe(false)
    bench.now += 1
    bench.say()
    expect(isFetching()).toBe(true)
  })
})

test('a peer that leaves is asked for nothing any more', () => {
  const bench = new Bench().started()
  bench.step({ type: 'peer-connected', peer: peerAt(0) })
  bench.step({ type: 'peer-disconnected', peer: peerAt(0) })
  bench.say({ type: 'behind', lowest: indexOf(100) })
  expect(bench.host.replica.status().reasons).toContain('looking for a snapshot among 0 peers')
  const connected = bench.step({ type: 'peer-connected', peer: 'peer-2' as PeerId })
  const message = { layer: 'snapshot', message: { type: 'get-manifest', above: 0 } }
  expect(only(connected, 'send')).toMatchObject([{ to: peerAt(2), message }])
  expect(bench.say({ type: 'behind', lowest: indexOf(101) })).toEqual([])
})
