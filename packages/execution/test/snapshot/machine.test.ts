import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type EncodedBucket,
  restoreSnapshot,
  type ServedSnapshot,
  type Snapshot,
  snapshotRules
} from '../../src/index.ts'
import { defaultSnapshotOptions } from '../../src/snapshot/options.ts'
import { epoch, needs, peer, text } from '../fixtures.ts'
import { type Behaviour, Network, silent } from './network.ts'
import { indexOf, numbered, Source } from './source.ts'

const source = new Source()
source.put(numbered(400))
const served = source.serve()
const { checkpoint } = served.certificate

/** The executor that a snapshot gives has the roots of the checkpoint. */
function expectWhole(snapshot: Snapshot | undefined, of: ServedSnapshot = served): void {
  const executor = restoreSnapshot({}, needs, {
    checkpoint: snapshot!.certificate.checkpoint,
    state: snapshot!.state,
    session: snapshot!.session
  })
  expect(executor.takeCheckpoint(epoch).checkpoint).toEqual(of.certificate.checkpoint)
  expect(snapshot!.extra).toEqual(of.extra)
}

const flipped = (bytes: Uint8Array): Uint8Array => {
  const changed = bytes.slice()
  changed[0] = changed[0]! ^ 1
  return changed
}
const lying =
  (types: readonly string[]): Behaviour =>
  (_request, answer) => {
    if (!types.includes(answer.type)) return answer
    if (answer.type === 'piece') return { ...answer, bytes: flipped(answer.bytes) }
    if (answer.type !== 'buckets') return answer
    const last = answer.buckets.length - 1
    const wrong: EncodedBucket = [answer.buckets[last]![0], flipped(answer.buckets[last]![1])]
    return { ...answer, buckets: answer.buckets.with(last, wrong) }
  }

describe('a download', () => {
  test('from several peers is whole, and all of them take part', () => {
    const network = new Network()
    for (const name of ['a', 'b', 'c']) network.serve(name, [served])
    network.want()
    expectWhole(network.run())
    expect(network.penalties()).toEqual([])
    expect(new Set(network.requests.map(({ to }) => to)).size).toBe(3)
    expect(network.machine.status).toMatchObject({ phase: 'complete', index: checkpoint.index })
    expect(network.table.rows()).toEqual([])
  })

  test('takes what is too large for one answer in pieces from one peer', () => {
    const large = new Source()
    large.put([
      ['a', new Uint8Array(30_000).fill(7)],
      ['b', new Uint8Array(9_000).fill(8)],
      ...numbered(40)
    ])
    const one = large.serve('x'.repeat(10_000))
    const network = new Network({ rangeBuckets: 4_096 }, {}, 4_096)
    for (const name of ['a', 'b']) network.serve(name, [one])
    network.want()
    expectWhole(network.run(), one)
    expect(network.penalties()).toEqual([])
  })

  test('of a state without entries needs no bucket', () => {
    const { log } = new Source()
    const empty = log.executor
    expect(empty.stateBytes).toBeGreaterThan(0)
    const network = new Network()
    network.serve('a', [new Source().serve('')])
    network.want()
    const snapshot = network.run()
    expect(snapshot?.extra).toHaveLength(0)
    expect(
      network.requests.some(
        ({ request }) => request.type === 'get-object' && request.object.type === 'extra'
      )
    ).toBe(false)
  })

  test('asks no peer for more at once than it may', () => {
    const network = new Network({ requestsPerPeerMax: 2 })
    for (const name of ['a', 'b']) network.serve(name, [served], silent)
    network.want()
    expect(network.requests).toHaveLength(2)
    const manifest = {
      type: 'manifest',
      manifest: {
        certificate: served.certificate,
        extraDigest: served.extraDigest,
        extraBytes: served.extra.length
      }
    } as const
    network.answer(peer('a'), manifest)
    expect(network.requests).toHaveLength(2 + 3)
    expect(network.answer(peer('a'), manifest)).toMatchObject([
      { type: 'count', name: 'snapshot_answer_unasked' }
    ])
  })
})

describe('a peer that lies', () => {
  test.each([
    { what: 'buckets', types: ['buckets'], code: 'snapshot-chunk-wrong' },
    { what: 'objects', types: ['piece'], code: 'snapshot-object-wrong' }
  ])('about $what is noticed at once, named, and not asked again', ({ types, code }) => {
    const network = new Network()
    const liar = network.serve('liar', [served], lying(types))
    for (const name of ['a', 'b']) network.serve(name, [served])
    network.want()
    expectWhole(network.run())
    expect(network.penalties()).toEqual([`liar ${code}`])
    const wrongAt = network.effects.findIndex(effect => effect.type === 'penalize')
    const later = network.effects.slice(wrongAt)
    expect(later.some(effect => effect.type === 'send' && effect.to === liar)).toBe(false)
    network.step({ type: 'peer-connected', peer: liar })
    expect(network.machine.status.peers).toBe(2)
  })

  test.each<{ name: string; behaviour: Behaviour; code: string }>([
    {
      name: 'sends buckets that were not asked for',
      code: 'snapshot-chunk-wrong',
      behaviour: (_request, answer) =>
        answer.type === 'buckets'
          ? { ...answer, buckets: [...answer.buckets, [4_095, text('x')] as const] }
          : answer
    },
    {
      name: 'says that there is nothing',
      code: 'snapshot-chunk-wrong',
      behaviour: (_request, answer) =>
        answer.type === 'buckets' ? { ...answer, buckets: [] } : answer
    },
    {
      name: 'sends empty pieces',
      code: 'snapshot-piece-wrong',
      behaviour: (_request, answer) =>
        answer.type === 'piece' ? { ...answer, bytes: new Uint8Array(0) } : answer
    },
    {
      name: 'says another size',
      code: 'snapshot-piece-wrong',
      behaviour: (_request, answer) =>
        answer.type === 'piece' ? { ...answer, sizeBytes: answer.sizeBytes + 1 } : answer
    },
    {
      name: 'has an old snapshot only',
      code: 'snapshot-manifest-wrong',
      behaviour: (request, answer) =>
        request.type === 'get-manifest'
          ? {
              type: 'manifest',
              manifest: {
                certificate: {
                  ...served.certificate,
                  checkpoint: { ...checkpoint, index: 1 as never }
                },
                extraDigest: served.extraDigest,
                extraBytes: 1
              }
            }
          : answer
    }
  ])('and $name is left out', ({ behaviour, code }) => {
    const network = new Network()
    network.serve('liar', [served], behaviour)
    network.want(1)
    network.run(200)
    expect(network.penalties()).toEqual([`liar ${code}`])
    network.serve('good', [served])
    network.step({ type: 'peer-connected', peer: peer('good') })
    expectWhole(network.run())
  })

  test('about `extra` is found out by whoever understands it: another peer is taken, the buckets stay', () => {
    const forged = {
      ...served,
      extra: text('forged'),
      extraDigest: source.serve('forged').extraDigest
    }
    const network = new Network({ manifestPeersMax: 1 })
    network.serve('liar', [forged])
    network.want()
    expect(network.run()?.extraFrom).toBe('liar')
    network.serve('good', [served])
    network.step({ type: 'peer-connected', peer: peer('good') })
    network.effects.length = 0
    network.requests.length = 0
    network.step({ type: 'extra-rejected' })
    expectWhole(network.run())
    expect(network.penalties()).toEqual(['liar snapshot-extra-rejected'])
    expect(network.requests.map(({ request }) => request.type)).toEqual([
      'get-manifest',
      'get-object'
    ])
  })

  test('with a broken check would have been believed', () => {
    const rules = { ...snapshotRules, isBucket: () => true }
    const network = new Network({}, { rules })
    network.serve('liar', [served], lying(['buckets']))
    network.want()
    expect(() => expectWhole(network.run())).toThrow()
  })
})

describe('a peer that does not answer', () => {
  test('is given up after a while, and the others do its part', () => {
    const network = new Network({ requestTimeoutMs: 1_000 })
    network.serve('silent', [served], silent)
    network.serve('a', [served])
    network.want()
    expectWhole(network.run())
    expect(network.now).toBeGreaterThanOrEqual(1_000)
    expect(network.effects.filter(effect => effect.type === 'count')[0]).toMatchObject({
      name: 'snapshot_timeout'
    })
    expect(network.penalties()).toEqual([])
  })

  test('with the only `extra` loses its place: another manifest is taken', () => {
    const network = new Network({ manifestPeersMax: 1 })
    network.serve('first', [served], (request, answer) =>
      request.type === 'get-manifest' ? answer : undefined
    )
    network.want()
    network.run(3)
    network.serve('second', [served])
    network.step({ type: 'peer-connected', peer: peer('second') })
    expect(network.run()?.extraFrom).toBe('second')
  })

  test('and leaves is replaced', () => {
    const network = new Network({ manifestPeersMax: 1 })
    network.serve('first', [served], (request, answer) =>
      request.type === 'get-manifest' ? answer : undefined
    )
    network.serve('second', [served])
    network.want()
    network.run(2)
    network.step({ type: 'peer-disconnected', peer: peer('first') })
    network.step({ type: 'peer-disconnected', peer: peer('nobody') })
    expectWhole(network.run())
  })
})

describe('a download that is interrupted', () => {
  test('goes on after a restart with what was verified, and checks it again', () => {
    const first = new Network({ rangeBuckets: 16 })
    first.serve('a', [served])
    first.want()
    first.run(60)
    const rows = first.table.rows()
    expect(rows.length).toBeGreaterThan(20)
    const damaged = { ...rows[0]!, value: text('damaged') }
    const foreign = [
      { ...rows[0]!, table: 'other' },
      { ...rows[0]!, key: text('longer') },
      { ...rows[0]!, value: undefined }
    ]
    const again = new Network(
      { rangeBuckets: 16 },
      { partial: [...foreign, damaged, ...rows.slice(1)] }
    )
    again.serve('a', [served])
    again.want()
    expectWhole(again.run())
    const fetched = again.effects.flatMap(effect =>
      effect.type === 'persist' ? effect.writes : []
    )
    const puts = fetched.filter(write => write.type === 'put')
    const all = [...served.image.state.buckets, ...served.image.sessions.buckets]
    const total = all.filter(bytes => bytes.length > 0).length
    expect(puts).toHaveLength(total - (rows.length - 1))
  })

  test('moves to a newer checkpoint when the old one is gone, and keeps what is equal', () => {
    const moving = new Source()
    moving.put(numbered(300))
    const before = moving.serve()
    const network = new Network({ rangeBuckets: 16 })
    const id = network.serve('a', [before])
    network.want()
    network.run(60)
    const held = network.machine.status.heldBuckets
    expect(held).toBeGreaterThan(20)
    moving.put([['key-1', 'new']])
    const after = moving.serve('newer')
    network.servers.get(id)!.served = [after]
    expectWhole(network.run(), after)
    const puts = network.effects
      .flatMap(effect => (effect.type === 'persist' ? effect.writes : []))
      .filter(write => write.type === 'put')
    const total = [...after.image.state.buckets, ...after.image.sessions.buckets].filter(
      bytes => bytes.length > 0
    ).length
    expect(puts.length).toBeLessThan(total + 5)
    expect(indexOf(after)).toBeGreaterThan(indexOf(before))
    // Where snapshots are replaced quickly the next one would be gone too after a long pause.
    expect(network.now).toBeLessThanOrEqual(2 * defaultSnapshotOptions.tickMs)
  })

  test('waits while nobody has a snapshot, without asking all the time', () => {
    const network = new Network({ requestTimeoutMs: 1_000, tickMs: 100 })
    const id = network.serve('a', [])
    network.want()
    network.run(40)
    expect(network.machine.status).toMatchObject({ phase: 'manifest', index: undefined })
    // The pauses double up to the time-out.
    expect(network.requests.length).toBeLessThanOrEqual(2 + Math.log2(10) + network.now / 1_000)
    network.servers.get(id)!.served = [served]
    expectWhole(network.run())
  })

  test('without peers waits for one', () => {
    const network = new Network()
    network.want()
    network.run(3)
    network.serve('a', [served])
    network.step({ type: 'peer-connected', peer: peer('a') })
    expectWhole(network.run())
  })

  test('begins anew when it is wanted anew, and lets go when it was adopted', () => {
    const network = new Network()
    network.serve('a', [served])
    expect(network.machine.status.phase).toBe('idle')
    network.want()
    network.run(4)
    network.want()
    expectWhole(network.run())
    network.step({ type: 'adopted' })
    expect(network.machine.status).toEqual({
      phase: 'idle',
      index: undefined,
      heldBuckets: 0,
      peers: 1
    })
    expect(network.step({ type: 'extra-rejected' })).toEqual([])
    expect(network.step({ type: 'timer-fired', timer: 'snapshot' })).toEqual([])
    expect(network.answer(peer('a'), { type: 'unavailable', index: 7 as never })).toEqual([])
  })
})

test('whatever the state, whoever is silent or lies, the download is whole while one peer is honest', () => {
  const entry = fc.tuple(
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }),
    fc.nat(6_000)
  )
  const behaviours = fc.array(
    fc.constantFrom<Behaviour>(
      silent,
      lying(['buckets']),
      lying(['piece']),
      lying(['piece', 'buckets'])
    ),
    { maxLength: 4 }
  )
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), behaviours, (entries, bad) => {
      const random = new Source()
      random.put(entries.map(([key, length]) => [key, 'v'.repeat(length)] as const))
      const one = random.serve()
      const network = new Network({ rangeBuckets: 512 }, {}, 4_096)
      for (const [i, behaviour] of bad.entries()) network.serve(`bad-${i}`, [one], behaviour)
      network.serve('good', [one])
      network.want()
      expectWhole(network.run(), one)
      expect(network.penalties().every(penalty => penalty.startsWith('bad-'))).toBe(true)
    }),
    { numRuns: 25 }
  )
})
