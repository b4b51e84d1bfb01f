import {
  AssertionError,
  type CommitIndex,
  type Digest,
  type Epoch,
  type PeerId
} from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Batch,
  batchHeaderBytes,
  batchOf,
  checkMempoolOptions,
  defaultMempoolOptions,
  Mempool,
  type MempoolEffect,
  type MempoolEvent,
  type MempoolMessage,
  type MempoolOptions,
  type NamedBy,
  writeBatchHeader
} from '../../src/index.ts'
import {
  at,
  batch,
  counted,
  four,
  hash,
  only,
  peerAt,
  replica,
  round,
  verified
} from '../fixtures.ts'

const epoch = 0 as Epoch
const index = (value: number) => value as CommitIndex
const limits = { batchBytesMax: 1_024, pendingBytesMax: 2_048 }

let stored: Map<Digest, Uint8Array>
let claimed: Set<Digest>
let mempool: Mempool
let now: number

function build(options: Partial<MempoolOptions> = {}, self: number | 'observer' = 0): void {
  stored = new Map()
  claimed = new Set()
  now = 1_000
  mempool = new Mempool(
    { ...limits, ...options },
    {
      committee: four,
      epoch,
      self: self === 'observer' ? undefined : replica(self),
      hash,
      batches: {
        has: digest => stored.has(digest),
        sizeOf: digest => stored.get(digest)?.length,
        read: digest => stored.get(digest)
      },
      claims: () => digest => claimed.has(digest)
    }
  )
}
beforeEach(() => build())

/** One event; batches are stored as a driver stores them. */
function step(event: MempoolEvent): readonly MempoolEffect[] {
  const effects = mempool.step(event, at(now))
  for (const { batch: made } of only(effects, 'store-batch')) stored.set(made.digest, made.bytes)
  for (const { digests } of only(effects, 'drop-batches')) for (const d of digests) stored.delete(d)
  return effects
}

const submit = (bytes: number, fill = 1) =>
  step({ type: 'submitted', region: new Uint8Array(bytes).fill(fill), count: 1 })
const take = (batchesMax = 10, bytesMax = 1_000_000) =>
  only(step({ type: 'take', batchesMax, bytesMax }), 'payload-offered')[0]!.batches
const receive = (from: number | PeerId, message: MempoolMessage) =>
  step({
    type: 'received',
    from: typeof from === 'number' ? peerAt(from) : from,
    message: verified(message)
  })

/** A batch of `author` with this many bytes of transactions. */
function batchBy(author: number, bytes = 10, under = epoch, sequence = 0): Batch {
  const whole = new Uint8Array(batchHeaderBytes + bytes)
  const createdAt = at(5)
  writeBatchHeader(whole, {
    epoch: under,
    author: replica(author),
    sequence,
    createdAt,
    transactionCount: 1
  })
  return batchOf(whole, hash)
}
const reference = ({ digest, bytes }: Batch) => ({ digest, sizeBytes: bytes.length })
const arrives = (from: number | PeerId, made: Batch) =>
  receive(from, { type: 'batch', batch: made })

describe('own transactions', () => {
  test('are announced once until they are taken, then stored before they are sent and offered', () => {
    expect(submit(10)).toEqual([{ type: 'payload-waiting' }])
    expect(submit(10)).toEqual([])
    const effects = step({ type: 'take', batchesMax: 10, bytesMax: 1_000 })
    expect(effects.map(effect => effect.type)).toEqual([
      'store-batch',
      'count',
      'count',
      'broadcast',
      'payload-offered'
    ])
    const [made] = only(effects, 'store-batch')
    expect(only(effects, 'count').map(({ name, by }) => [name, by])).toEqual([
      ['batch_sealed', 1],
      ['batch_sealed_bytes', made!.batch.bytes.length]
    ])
    expect(only(effects, 'payload-offered')[0]?.batches).toEqual([reference(made!.batch)])
    expect(only(effects, 'broadcast')[0]).toMatchObject({
      class: 'order',
      message: { type: 'batch' }
    })
    expect(submit(10)).toEqual([{ type: 'payload-waiting' }])
  })

  test('are sealed by size too, and wait in order', () => {
    submit(900, 1)
    const sealed = submit(900, 2)
    expect([only(sealed, 'store-batch').length, only(sealed, 'broadcast').length]).toEqual([1, 1])
    const [first, second] = take()
    expect([...stored.get(first!.digest)!].at(-1)).toBe(1)
    expect([...stored.get(second!.digest)!].at(-1)).toBe(2)
    expect(take()).toEqual([])
  })

  test.each([
    { name: 'by count', batchesMax: 1, bytesMax: 1_000_000, expected: 1 },
    { name: 'by bytes', batchesMax: 10, bytesMax: 1_900, expected: 2 },
    { name: 'at least one, however large', batchesMax: 10, bytesMax: 1, expected: 1 }
  ])('no more are taken than asked for, $name, and the rest is announced', entry => {
    for (const fill of [1, 2, 3]) submit(900, fill)
    const effects = step({ type: 'take', batchesMax: entry.batchesMax, bytesMax: entry.bytesMax })
    expect(only(effects, 'payload-offered')[0]?.batches).toHaveLength(entry.expected)
    expect(only(effects, 'payload-waiting')).toHaveLength(1)
    expect(take()).toHaveLength(3 - entry.expected)
  })

  test('are admitted up to a bound that commits make free', () => {
    expect([mempool.admits(2_048), mempool.admits(2_049)]).toEqual([true, false])
    submit(1_000)
    expect(mempool.pendingBytes).toBe(1_000 + batchHeaderBytes)
    const left = 2_048 - 1_000 - batchHeaderBytes
    expect([mempool.admits(left), mempool.admits(left + 1)]).toEqual([true, false])
    const batches = take()
    expect(mempool.admits(left + 1)).toBe(false)
    step({ type: 'ordered', index: index(1), digests: batches.map(entry => entry.digest) })
    expect([mempool.pendingBytes, mempool.admits(2_048)]).toEqual([0, true])
  })

  test('are not taken by an observer', () => {
    build({}, 'observer')
    expect([mempool.admits(1), mempool.pendingBytes]).toEqual([false, 0])
    expect(take()).toEqual([])
  })
})

describe('what comes back', () => {
  test('goes to the front, each once, and is announced', () => {
    submit(900, 1)
    const [first] = take()
    submit(900, 2)
    stored.set(batch('other').digest, new Uint8Array(100))
    const batches = [first!, batch('other')]
    const effects = step({ type: 'requeue', batches })
    expect(effects).toEqual([{ type: 'count', name: 'batch_requeued', by: 2 }])
    expect(only(step({ type: 'requeue', batches }), 'count')[0]?.by).toBe(0)
    expect(take().slice(0, 2)).toEqual(batches)
    expect(only(step({ type: 'requeue', batches: [first!] }), 'payload-waiting')).toHaveLength(1)
  })

  test('without its bytes, which a crash has taken, is let go', () => {
    const effects = step({ type: 'requeue', batches: [batch('lost')] })
    expect(only(effects, 'count')).toEqual([{ type: 'count', name: 'batch_requeued', by: 0 }])
    expect(take()).toEqual([])
  })
})

test('what was given back and is ordered after all is not offered again', () => {
  const batches = [batch('a'), batch('b'), batch('c')]
  for (const { digest } of batches) stored.set(digest, new Uint8Array(100))
  step({ type: 'requeue', batches })
  step({ type: 'ordered', index: index(1), digests: [batch('a').digest, batch('c').digest] })
  expect(take()).toEqual([batch('b')])
})

describe('batches of others', () => {
  test('are stored and told of; again, only told of', () => {
    const made = batchBy(1)
    const told = { type: 'batches-stored', digests: [made.digest] }
    expect(arrives(1, made)).toEqual([{ type: 'store-batch', batch: made }, told])
    expect(arrives(1, made)).toEqual([told])
    expect(mempool.unorderedCount).toBe(1)
  })

  test.each([
    { name: 'of another epoch', made: batchBy(1, 10, 1 as Epoch), from: 1, wantedOnes: 1 },
    { name: 'that its author did not send', made: batchBy(2), from: 1, wantedOnes: 1 },
    { name: 'of nobody in the committee', made: batchBy(9), from: 'a' as PeerId, wantedOnes: 0 }
  ])('are ignored $name; wanted, $wantedOnes is taken', ({ made, from, wantedOnes }) => {
    expect(arrives(from, made)).toEqual([{ type: 'count', name: 'batch_ignored', by: 1 }])
    step({ type: 'wanted', batches: [reference(made)], holders: [peerAt(1)] })
    const effects = arrives(from, made)
    expect(only(effects, 'store-batch')).toHaveLength(wantedOnes)
    expect(only(effects, 'penalize')).toHaveLength(1 - wantedOnes)
  })

  test.each([
    { name: 'cut short', bytes: new Uint8Array(5) },
    { name: 'of another version', bytes: new Uint8Array(batchHeaderBytes).fill(9) },
    { name: 'with a number beyond 2^53', bytes: new Uint8Array([1, ...new Array(40).fill(255)]) }
  ])('that are malformed are refused: $name', ({ bytes }) => {
    expect(arrives(1, batchOf(bytes, hash))).toEqual([
      { type: 'count', name: 'batch_rejected', by: 1 },
      { type: 'penalize', peer: peerAt(1), code: 'batch_rejected' }
    ])
    expect(stored.size).toBe(0)
  })

  test('are kept up to a quota for each author, until commits make room', () => {
    const size = batchHeaderBytes + 100
    build({ unorderedBytesPerAuthorMax: 2 * size })
    const [first, second, third] = [0, 1, 2].map(n => batchBy(1, 100, epoch, n)) as [
      Batch,
      Batch,
      Batch
    ]
    arrives(1, first)
    arrives(1, second)
    expect(counted(arrives(1, third))).toEqual(['batch_over_quota'])
    expect(only(arrives(2, batchBy(2, 100)), 'store-batch')).toHaveLength(1)
    step({ type: 'wanted', batches: [reference(third)], holders: [peerAt(1)] })
    expect(only(arrives(1, third), 'store-batch')).toHaveLength(1)
    step({ type: 'ordered', index: index(1), digests: [first.digest, second.digest] })
    expect(only(arrives(1, batchBy(1, 100, epoch, 3)), 'store-batch')).toHaveLength(1)
  })

  const ordered = (value: number) => step({ type: 'ordered', index: index(value), digests: [] })

  test('that nothing has ordered for long are dropped, own ones never', () => {
    build({ unorderedCommitsMax: 50 })
    ordered(1)
    arrives(1, batchBy(1))
    submit(900)
    submit(900)
    const [proposed] = take(1)
    arrives(2, batchBy(2, 10, epoch, 1))
    expect(ordered(50)).toEqual([])
    arrives(2, batchBy(2))
    step({ type: 'ordered', index: index(51), digests: [batchBy(2, 10, epoch, 1).digest] })
    expect(ordered(52)).toEqual([
      { type: 'count', name: 'batch_expired', by: 1 },
      { type: 'drop-batches', digests: [batchBy(1).digest] }
    ])
    expect(counted(ordered(100))).toEqual([])
    expect(counted(ordered(102))).toEqual(['batch_expired'])
    expect(counted(ordered(1_000))).toEqual([])
    expect(stored.has(proposed!.digest)).toBe(true)
    expect(take()).toHaveLength(1)
  })

  test('that something names stay, and for as long again afterwards', () => {
    build({ unorderedCommitsMax: 50 })
    ordered(1)
    arrives(1, batchBy(1))
    claimed.add(batchBy(1).digest)
    expect(ordered(60)).toEqual([])
    claimed.clear()
    expect(ordered(110)).toEqual([])
    expect(counted(ordered(112))).toEqual(['batch_expired'])
  })

  test('that came before a restarted member knew how far the log is are not old', () => {
    build({ unorderedCommitsMax: 50 })
    arrives(1, batchBy(1))
    expect(ordered(1_000)).toEqual([])
    expect(ordered(1_050)).toEqual([])
    expect(counted(ordered(1_052))).toEqual(['batch_expired'])
  })

  test('are looked through less often than each commit when they may stay for long', () => {
    build({ unorderedCommitsMax: 2_000 })
    ordered(1)
    arrives(1, batchBy(1))
    expect(counted(ordered(2_099))).toEqual([])
    expect(counted(ordered(2_100))).toEqual(['batch_expired'])
  })

  test('that are no batches at all, and events of no known type, are our own mistake', () => {
    const broken = { type: 'batch', batch: { digest: batchBy(1).digest, bytes: undefined } }
    expect(() => receive(1, broken as never)).toThrow(TypeError)
    expect(() => step({ type: 'none' } as never)).toThrow(AssertionError)
  })
})

describe('a batch that is named and not here', () => {
  const wanted = (batches: readonly Batch[], ...holders: readonly number[]) =>
    step({ type: 'wanted', batches: batches.map(reference), holders: holders.map(peerAt) })
  const asked = (effects: readonly MempoolEffect[]) =>
    only(effects, 'send').map(({ to, class: stream, message }) => {
      if (message.type !== 'pull-batches') throw new Error(message.type)
      return { to, stream, digests: message.digests }
    })
  const fire = (after: number) => {
    now += after
    return step({ type: 'timer-fired', timer: 'pull-batches' })
  }
  const made = batchBy(1)

  test('is asked for after a while, as it may be on its way', () => {
    expect(wanted([made], 2)).toEqual([
      { type: 'set-timer', timer: 'pull-batches', at: now + defaultMempoolOptions.pullDelayMs }
    ])
    expect(mempool.pullCount).toBe(1)
    expect(asked(fire(60))).toEqual([{ to: peerAt(2), stream: 'sync', digests: [made.digest] }])
    arrives(1, made)
    expect(mempool.pullCount).toBe(0)
    expect(fire(300)).toEqual([])
  })

  test('is not asked for when it is here or asked for already', () => {
    arrives(1, made)
    expect(wanted([made], 2)).toEqual([])
    const other = batchBy(2)
    wanted([other, other], 2)
    wanted([other], 3)
    expect(mempool.pullCount).toBe(1)
    expect(asked(fire(60))).toHaveLength(1)
    step({ type: 'ordered', index: index(1), digests: [other.digest] })
    expect(mempool.pullCount).toBe(0)
  })

  test('is asked from its holders in turn, then from everyone', () => {
    step({ type: 'peers', peers: [1, 2, 3].map(peerAt) })
    wanted([made], 2, 3)
    const turns = [60, 250, 250, 250, 250].map(after => {
      const effects = fire(after)
      return asked(effects).map(entry => entry.to)
    })
    expect(turns.flat()).toEqual([2, 3, 3, 1, 2].map(peerAt))
  })

  test('waits between two tries', () => {
    wanted([made], 2, 3)
    expect(asked(fire(60))).toHaveLength(1)
    expect(asked(fire(249))).toHaveLength(0)
    expect(asked(fire(1))).toHaveLength(1)
  })

  test('keeps to its holders when nobody else is known, and to nobody when there is none', () => {
    wanted([made], 2)
    expect([60, 250, 250].flatMap(after => asked(fire(after)).map(entry => entry.to))).toEqual(
      [2, 2, 2].map(peerAt)
    )
    build()
    wanted([made])
    expect(asked(fire(60))).toEqual([])
    expect(mempool.pullCount).toBe(1)
  })

  test('is asked for with others, in requests of a bounded size', () => {
    build({ pullDigestsMax: 2 })
    wanted(
      [1, 2, 3].map(n => batchBy(1, n)),
      2
    )
    expect(asked(fire(60)).map(entry => entry.digests.length)).toEqual([2, 1])
  })

  const header = (author: number, r: number): NamedBy => ({
    type: 'header',
    author: replica(author),
    round: round(r)
  })
  const vertex = (r: number, author = 1): NamedBy => ({
    type: 'vertex',
    author: replica(author),
    round: round(r)
  })
  const named = (by: NamedBy, ...batches: readonly Batch[]) =>
    step({ type: 'wanted', batches: batches.map(reference), holders: [peerAt(2)], by })
  const collected = (r: number) => step({ type: 'collected', round: round(r) })
  const some = (count: number, author = 1) =>
    Array.from({ length: count }, (_, n) => batchBy(author, 10, epoch, n))

  test('is not waited for longer because somebody else sends the payload of its author', () => {
    named(header(1, 1), made)
    const other = batchBy(1, 10, epoch, 10)
    named(header(1, 2), made, other)
    fire(59)
    arrives(3, other)
    expect(asked(fire(1))).toHaveLength(1)
  })

  test('is one of a bounded number: half is kept from headers, and a commit always has room', () => {
    build({ pullsMax: 4 })
    expect(counted(named(header(1, 1), ...some(3)))).toEqual(['batch_pull_overflow'])
    expect(mempool.pullCount).toBe(2)
    expect(counted(named(vertex(1), ...some(3, 2)))).toEqual(['batch_pull_overflow'])
    expect(mempool.pullCount).toBe(4)
    expect(counted(wanted(some(3, 3)))).toEqual([])
    expect(mempool.pullCount).toBe(7)
  })

  test('by a header is forgotten when its author signs another, unless others name it too', () => {
    for (let r = 1; r < 100; r++) named(header(1, r), ...some(32, 2), batchBy(2, r))
    expect(mempool.pullCount).toBe(33)
    named(header(3, 5), batchBy(2, 99))
    named(vertex(5), ...some(1, 2))
    named(header(1, 100), batchBy(1))
    expect(mempool.pullCount).toBe(3)
    named(header(3, 6))
    expect(mempool.pullCount).toBe(2)
  })

  test('by a header is forgotten when its round is collected', () => {
    named(header(1, 5), made)
    collected(4)
    expect(mempool.pullCount).toBe(1)
    collected(5)
    expect(mempool.pullCount).toBe(0)
  })

  test('by a vertex is forgotten when it is collected, unless it waits to be run', () => {
    const [free, held, both] = some(3) as [Batch, Batch, Batch]
    named(vertex(5), free, held, both)
    named(header(1, 9), both)
    claimed.add(held.digest)
    collected(4)
    expect(mempool.pullCount).toBe(3)
    collected(5)
    expect(mempool.pullCount).toBe(2)
    collected(9)
    expect(mempool.pullCount).toBe(1)
    claimed.clear()
    collected(20)
    expect(mempool.pullCount).toBe(1)
  })

  test('by a vertex after a header is asked from those who certified it', () => {
    named(header(1, 5), made)
    step({ type: 'wanted', batches: [reference(made)], holders: [peerAt(3)], by: vertex(5) })
    expect(asked(fire(60)).map(entry => entry.to)).toEqual([peerAt(3)])
  })
})

const bounds: { key: keyof MempoolOptions; good: number; bad: number }[] = [
  { key: 'batchBytesMax', good: 1_024, bad: 1_023 },
  { key: 'pendingBytesMax', good: 500_000, bad: 499_999 },
  { key: 'pullDigestsMax', good: 256, bad: 257 },
  { key: 'pullDigestsMax', good: 1, bad: 0 },
  { key: 'pullsMax', good: 0, bad: -1 },
  { key: 'pullRetryMs', good: 0, bad: 1.5 }
]
test.each(bounds)('$key: $good is fine, $bad is not', ({ key, good, bad }) => {
  checkMempoolOptions({ ...defaultMempoolOptions, [key]: good })
  expect(() => checkMempoolOptions({ ...defaultMempoolOptions, [key]: bad })).toThrow(
    AssertionError
  )
})
