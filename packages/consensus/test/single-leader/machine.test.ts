import {
  AssertionError,
  type CommitIndex,
  type Digest,
  type Epoch,
  type PeerId
} from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type BatchReference,
  type CommittedSubDag,
  type Committee,
  checkSingleLeaderOptions,
  defaultSingleLeaderOptions,
  emptyKey,
  encodeEntry,
  type OrdererInput,
  SingleLeader,
  type SingleLeaderMessage,
  type SingleLeaderOptions,
  singleLeaderRules
} from '../../src/index.ts'
import { commitOf, type Entry, termOf } from '../../src/single-leader/entry.ts'
import { EntryLog } from '../../src/single-leader/log.ts'
import type { SingleLeaderEffect } from '../../src/single-leader/parts.ts'
import { at, committeeOf, domain, hash, peerAt, replica, verified } from '../fixtures.ts'

const epoch = 0 as Epoch
const index = (value: number) => value as CommitIndex
const three = committeeOf(1, 1, 1)
const batchOf = (name: string, sizeBytes = 10): BatchReference => ({
  digest: name.charCodeAt(0).toString(16).padStart(64, '0') as Digest,
  sizeBytes
})
const entry = (at_: number, term: number, ...payload: BatchReference[]): Entry => ({
  index: index(at_),
  term,
  leader: replica(0),
  createdAt: at(1),
  payload
})
const append = (
  term: number,
  previous: readonly [index: number, term: number],
  commit: number,
  ...entries: Entry[]
): SingleLeaderMessage => ({
  type: 'append',
  term,
  previousIndex: index(previous[0]),
  previousTerm: previous[1],
  commitIndex: index(commit),
  entries
})

let held: Set<Digest>
let now: number
let machine: SingleLeader

interface Built {
  readonly self?: number | undefined
  readonly committee?: Committee
  readonly options?: Partial<SingleLeaderOptions>
  readonly entries?: readonly Entry[]
  readonly wasSignedLogPresent?: boolean
}

/** A member that has just started, with these entries on its disk. */
function build(built: Built = {}): readonly SingleLeaderEffect[] {
  const { committee = three, options = {}, entries = [], wasSignedLogPresent = true } = built
  const self = 'self' in built ? built.self : 1
  held = new Set()
  now = 10_000
  machine = new SingleLeader(options, {
    committee,
    domain,
    self: self === undefined ? undefined : replica(self),
    hash,
    hasBatch: digest => held.has(digest),
    wasSignedLogPresent
  })
  const reads = tell({ type: 'started' })
  const rows = entries.map(each => ({ table: 'entry', key: emptyKey, value: encodeEntry(each) }))
  return reads.flatMap(read => {
    if (read.type !== 'read') throw new Error('only reads')
    const found = read.token === 'restore/entries' ? rows.reverse() : []
    return tell({ type: 'read-done', token: read.token, rows: found })
  })
}

function tell(input: OrdererInput<SingleLeaderMessage>): readonly SingleLeaderEffect[] {
  return machine.step({ ...input, epoch }, at(now))
}

const hear = (from: number, message: SingleLeaderMessage) =>
  tell({ type: 'received', from: peerAt(from), message: verified(message) })

function tick(afterMs = 100): readonly SingleLeaderEffect[] {
  now += afterMs
  return tell({ type: 'timer-fired', timer: 'tick' })
}

const messages = (effects: readonly SingleLeaderEffect[]) =>
  effects.flatMap(effect =>
    effect.type === 'send' || effect.type === 'broadcast' ? [effect.message] : []
  )
const types = (effects: readonly SingleLeaderEffect[]) => effects.map(({ type }) => type)
const delivered = (effects: readonly SingleLeaderEffect[]): CommittedSubDag[] =>
  effects.flatMap(effect => (effect.type === 'deliver' ? [effect.subDag] : []))

function connect(...peers: number[]): void {
  for (const peer of peers) tell({ type: 'peer-connected', peer: peerAt(peer) })
}

/** Member 0 leads term 1, and has told both others of its first entry. */
function lead(options: Partial<SingleLeaderOptions> = {}): readonly SingleLeaderEffect[] {
  build({ self: 0, options })
  connect(1, 2)
  tick()
  hear(1, { type: 'vote', term: 1, isTrial: true })
  return hear(1, { type: 'vote', term: 1, isTrial: false })
}

const appended = (at_: number, term = 1): SingleLeaderMessage => ({
  type: 'appended',
  term,
  answer: 'match',
  index: index(at_)
})

describe('a follower', () => {
  beforeEach(() => void build())

  test('answers for an entry once its payload is here, and not before', () => {
    const batch = batchOf('a')
    const early = hear(0, append(1, [0, 0], 0, entry(1, 1, batch)))
    expect(messages(early)).toContainEqual(expect.objectContaining({ answer: 'match', index: 0 }))
    held.add(batch.digest)
    const stored = tell({ type: 'batches-stored', digests: [batch.digest] })
    expect(types(stored)).toEqual(['persist', 'send'])
    expect(stored[0]).toMatchObject({ durable: true })
    expect(messages(stored)).toEqual([appended(1)])
  })

  test('commits what it has, up to what the leader says', () => {
    hear(0, append(1, [0, 0], 0, entry(1, 1), entry(2, 1)))
    const effects = hear(0, append(1, [2, 1], 1))
    expect(delivered(effects).map(each => each.index)).toEqual([1])
    expect(delivered(hear(0, append(1, [2, 1], 9))).map(each => each.index)).toEqual([2])
    expect(machine.lastIndex).toBe(2)
  })

  test('says where its log ends when there is a gap', () => {
    hear(0, append(1, [0, 0], 0, entry(1, 1)))
    const effects = hear(0, append(1, [5, 1], 0, entry(6, 1)))
    expect(messages(effects)).toEqual([{ type: 'appended', term: 1, answer: 'gap', index: 1 }])
  })

  test('drops what a later leader has otherwise, and what waits for payload with it', () => {
    const missing = batchOf('b')
    hear(0, append(1, [0, 0], 1, entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1, missing)))
    const gap = hear(2, append(3, [3, 2], 1))
    expect(messages(gap)).toContainEqual({ type: 'appended', term: 3, answer: 'gap', index: 1 })
    const effects = hear(2, append(3, [1, 1], 2, entry(2, 3)))
    const persists = effects.flatMap(each => (each.type === 'persist' ? [each] : []))
    expect(persists[0]?.writes.map(({ type }) => type)).toEqual(['delete-range', 'put'])
    expect(delivered(effects).map(termOf)).toEqual([3])
    expect(machine.unorderedPayload().size).toBe(0)
  })

  test('refuses an older leader, and tells it of the term', () => {
    hear(0, append(4, [0, 0], 0))
    expect(messages(hear(2, append(3, [0, 0], 0, entry(1, 3))))).toEqual([
      { type: 'appended', term: 4, answer: 'gap', index: 0 }
    ])
    expect(machine.unorderedPayload().size).toBe(0)
  })

  test('asks the leader for payload that does not come', () => {
    const batch = batchOf('c')
    hear(0, append(1, [0, 0], 0, entry(1, 1, batch)))
    expect(types(tick(1_400))).not.toContain('want-batches')
    expect(tick(200)).toContainEqual(
      expect.objectContaining({ type: 'want-batches', batches: [batch], holders: [peerAt(0)] })
    )
    expect([...machine.unorderedPayload()]).toEqual([batch.digest])
  })

  test('takes a snapshot when the leader has forgotten what comes next', () => {
    hear(0, append(1, [0, 0], 0))
    const forgotten = { type: 'forgotten', term: 1, lowest: index(40) } as const
    expect(hear(0, forgotten)).toEqual([{ type: 'behind', lowest: 40 }])
    expect(hear(0, { ...forgotten, term: 9 })).toEqual([])
    const before = { digest: 'e'.repeat(64) as Digest, timestamp: at(0) }
    const commit = commitOf(entry(40, 1), before, domain, hash)
    expect(types(tell({ type: 'adopt', commits: [commit] }))).toEqual(['persist'])
    expect(machine.lastIndex).toBe(40)
    expect(tell({ type: 'adopt', commits: [commit] })).toEqual([])
    const effects = hear(0, append(1, [40, 1], 41, entry(41, 1)))
    expect(delivered(effects)[0]).toMatchObject({ index: 41, previous: commit.digest })
  })

  test('ships own payload to the leader, and tells of it until it is committed', () => {
    const batch = batchOf('d')
    expect(types(tell({ type: 'payload-waiting' }))).toEqual([])
    expect(types(hear(0, append(1, [0, 0], 0)))).toContain('request-payload')
    const offered = tell({ type: 'payload-offered', batches: [batch] })
    expect(offered).toEqual([
      { type: 'ship-batches', batches: [batch], to: [peerAt(0)] },
      {
        type: 'send',
        to: peerAt(0),
        class: 'order',
        message: { type: 'forward', batches: [batch] }
      }
    ])
    expect(messages(tick())).toEqual([{ type: 'forward', batches: [batch] }])
    // Another leader has never heard of it.
    expect(types(hear(2, append(2, [0, 0], 0)))).toContain('ship-batches')
    held.add(batch.digest)
    hear(2, append(2, [0, 0], 1, entry(1, 2, batch)))
    expect(messages(tick())).toEqual([])
  })

  test('packs again after the delay, and keeps so many batches under way', () => {
    build({ options: { ownBatchesMax: 1 } })
    hear(0, append(1, [0, 0], 0))
    tell({ type: 'payload-waiting' })
    tell({ type: 'payload-offered', batches: [] })
    expect(tell({ type: 'payload-waiting' })).toEqual([
      { type: 'set-timer', timer: 'take', at: now + 5 }
    ])
    now += 5
    expect(types(tell({ type: 'timer-fired', timer: 'take' }))).toEqual(['request-payload'])
    tell({ type: 'payload-offered', batches: [batchOf('e')] })
    now += 5
    expect(tell({ type: 'payload-waiting' })).toEqual([])
  })

  test('does nothing while it is held, and goes on after', () => {
    tell({ type: 'hold', reason: 'the disk is full' })
    expect(machine.status()).toMatchObject({ phase: 'held' })
    expect(hear(0, append(1, [0, 0], 0, entry(1, 1)))).toEqual([])
    tell({ type: 'release', reason: 'the disk is full' })
    expect(types(hear(0, append(1, [0, 0], 0, entry(1, 1))))).toContain('send')
  })

  test('delivers up to where it is to stop, and says so once', () => {
    tell({ type: 'stop-at', index: index(1) })
    const effects = hear(0, append(1, [0, 0], 2, entry(1, 1), entry(2, 1)))
    expect(delivered(effects)).toHaveLength(1)
    expect(effects.at(-1)).toEqual({ type: 'stopped', index: 1 })
    expect(types(hear(0, append(1, [2, 1], 2)))).toEqual(['send'])
    expect(machine.status().phase).toBe('stopped')
  })
})

describe('votes', () => {
  const ask = (term: number, isTrial: boolean, last = 0): SingleLeaderMessage => {
    return { type: 'request-vote', term, lastIndex: index(last), lastTerm: last, isTrial }
  }

  test('go to one candidate in a term, and are on disk before they leave', () => {
    build()
    expect(types(hear(0, ask(1, false)))).toEqual(['persist', 'persist', 'send'])
    expect(hear(2, ask(1, false))).toEqual([])
    expect(messages(hear(0, ask(1, false)))).toEqual([{ type: 'vote', term: 1, isTrial: false }])
  })

  test('are refused to who has less, also when asked for a trial', () => {
    build({ entries: [entry(1, 1)] })
    expect(types(hear(0, ask(2, true)))).toEqual([])
    expect(types(hear(0, ask(2, false)))).not.toContain('send')
    expect(messages(hear(0, ask(3, true, 1)))).toEqual([{ type: 'vote', term: 3, isTrial: true }])
  })

  test('a trial is refused while there is a leader', () => {
    build()
    hear(0, append(1, [0, 0], 0))
    expect(hear(2, ask(2, true))).toEqual([])
    now += defaultSingleLeaderOptions.electionTimeoutMs
    expect(hear(2, ask(2, true))).toHaveLength(1)
  })

  test('after too long a silence a trial is made, and the term rises with a majority for it alone', () => {
    build()
    expect(types(tick(2_900))).toEqual(['set-timer'])
    expect(messages(tick(700))).toMatchObject([{ type: 'request-vote', term: 1, isTrial: true }])
    expect(machine.status()).toMatchObject({ round: 0, reasons: ['no leader is known'] })
    expect(hear(2, { type: 'vote', term: 2, isTrial: true })).toEqual([])
    const asked = hear(2, { type: 'vote', term: 1, isTrial: true })
    expect(types(asked)).toEqual(['persist', 'broadcast'])
    expect(types(hear(0, { type: 'vote', term: 1, isTrial: false }))).toContain('note')
  })

  test('are given by nobody who has lost the record of them', () => {
    build({ entries: [entry(1, 1)], wasSignedLogPresent: false })
    expect(hear(0, ask(7, false, 9))).toEqual([])
    expect(machine.status()).toMatchObject({ phase: 'held' })
  })

  test('one member alone needs none', () => {
    build({ self: 0, committee: committeeOf(1) })
    const effects = tick()
    expect(delivered(effects).map(each => each.index)).toEqual([1])
  })
})

describe('a leader', () => {
  test('commits its first entry when a majority has it, and tells the others', () => {
    const effects = lead()
    expect(messages(effects)).toHaveLength(2)
    const commit = hear(2, appended(1))
    expect(delivered(commit).map(each => each.index)).toEqual([1])
    expect(messages(commit)).toMatchObject([{ commitIndex: 1 }, { commitIndex: 1 }])
  })

  test('sends entries before its own copy is on disk, and what follows from a commit after', () => {
    const effects = lead()
    expect(types(effects).slice(-4)).toEqual(['send', 'send', 'persist', 'note'])
  })

  test('ships payload to all but its origin, and proposes it when it is here', () => {
    lead()
    hear(1, appended(1))
    const batch = batchOf('f')
    expect(hear(2, { type: 'forward', batches: [batch] })).toEqual([])
    held.add(batch.digest)
    const effects = tell({ type: 'batches-stored', digests: [batch.digest] })
    expect(effects[0]).toEqual({ type: 'ship-batches', batches: [batch], to: [peerAt(1)] })
    expect(messages(effects)).toMatchObject([
      { entries: [{ index: 2 }] },
      { entries: [{ index: 2 }] }
    ])
    // What is in the log is not taken a second time.
    expect(hear(2, { type: 'forward', batches: [batch] })).toEqual([])
  })

  test('ships nobody more than it has room for', () => {
    lead({ followerBytesMax: 100, pipelineEntries: 9, batchDelayMs: 1, entryBytesMax: 60 })
    hear(1, appended(1))
    hear(2, appended(1))
    const batches = [batchOf('g', 60), batchOf('h', 60)]
    for (const { digest } of batches) held.add(digest)
    const first = tell({ type: 'payload-offered', batches })
    expect(messages(first).map(each => each.type === 'append' && each.entries.length)).toEqual([
      1, 1
    ])
    expect(messages(hear(1, appended(2)))).toMatchObject([
      { commitIndex: 2, entries: [{ index: 3 }] },
      { commitIndex: 2, entries: [] }
    ])
  })

  test('paces its proposals', () => {
    lead()
    for (const peer of [1, 2]) hear(peer, appended(1))
    const [one, two] = [batchOf('i'), batchOf('j')]
    held.add(one.digest)
    held.add(two.digest)
    expect(types(hear(1, { type: 'forward', batches: [one] }))).toContain('persist')
    expect(hear(2, { type: 'forward', batches: [two] })).toEqual([
      { type: 'set-timer', timer: 'propose', at: now + 5 }
    ])
    now += 5
    expect(types(tell({ type: 'timer-fired', timer: 'propose' }))).toContain('persist')
  })

  test('sends again what was not answered, without its payload, and anew on a new connection', () => {
    lead()
    const batch = batchOf('k')
    held.add(batch.digest)
    hear(1, appended(1))
    tell({ type: 'payload-offered', batches: [batch] })
    const again = tick(1_600)
    expect(types(again)).not.toContain('ship-batches')
    expect(messages(again)).toContainEqual(
      expect.objectContaining({ entries: [expect.objectContaining({ index: 2 })] })
    )
    tell({ type: 'peer-disconnected', peer: peerAt(1) })
    const anew = tell({ type: 'peer-connected', peer: peerAt(1) })
    expect(anew[0]).toEqual({ type: 'ship-batches', batches: [batch], to: [peerAt(1)] })
  })

  test('goes back for a follower that has less, and tells one that needs what is forgotten', () => {
    lead({ logEntriesMax: 4 })
    tell({ type: 'peer-disconnected', peer: peerAt(2) })
    for (let i = 2; i <= 9; i++) {
      hear(1, appended(i - 1))
      tell({ type: 'executed', index: index(i - 1) })
      const batch = batchOf(`${i}`)
      held.add(batch.digest)
      now += 5
      tell({ type: 'payload-offered', batches: [batch] })
    }
    const back = hear(1, { type: 'appended', term: 1, answer: 'gap', index: index(8) })
    expect(messages(back)).toMatchObject([{ previousIndex: 8, entries: [{ index: 9 }] }])
    hear(1, appended(9))
    const effects = tell({ type: 'peer-connected', peer: peerAt(2) })
    expect(messages(effects)).toMatchObject([{ type: 'forgotten' }])
  })

  test('asks for forwarded payload that does not come', () => {
    lead()
    hear(1, appended(1))
    const batch = batchOf('l')
    hear(2, { type: 'forward', batches: [batch] })
    expect([...machine.unorderedPayload()]).toEqual([batch.digest])
    tick(1_500)
    expect(tick(1_500)).toContainEqual(
      expect.objectContaining({ type: 'want-batches', holders: [peerAt(2)] })
    )
  })

  test('steps down for a later term', () => {
    lead()
    hear(1, appended(0, 5))
    expect(machine.status()).toMatchObject({ round: 5, reasons: ['no leader is known'] })
    expect(delivered(hear(1, appended(1, 5)))).toEqual([])
  })

  test('lets go of what a checkpoint covers', () => {
    lead()
    hear(1, appended(1))
    expect(tell({ type: 'prune', below: index(2) })).toMatchObject([
      { type: 'persist', durable: false, writes: [{ type: 'delete-range', table: 'entry' }] }
    ])
    expect(tell({ type: 'prune', below: index(2) })).toEqual([])
  })
})

describe('around it', () => {
  test('who is no member is not heard', () => {
    build()
    const stranger = 'somebody' as PeerId
    expect(machine.screen(stranger, appended(1)).type).toBe('ignore')
    expect(machine.screen(peerAt(0), appended(1)).type).toBe('accept')
    expect(machine.signaturesOf(appended(1))).toEqual([])
    const message = verified(append(1, [0, 0], 0))
    expect(tell({ type: 'received', from: stranger, message })).toEqual([])
  })

  test('an observer stays where it is', () => {
    build({ self: undefined })
    expect(types(tick(60_000))).toEqual(['set-timer'])
    expect(machine.status().phase).toBe('observing')
  })

  test('what others have is told', () => {
    build()
    tell({ type: 'network-measured', roundTripMs: 3 })
    tell({ type: 'head-seen', index: index(7), from: peerAt(0) })
    expect(machine.status()).toMatchObject({ knownIndex: 7, lastIndex: 0 })
    expect(machine.step({ type: 'payload-waiting', epoch: 3 as Epoch }, at(now))).toEqual([])
  })

  test.each([
    { heartbeatMs: 0 },
    { electionTimeoutMs: 150 },
    { forwardedBatchesMax: 2 },
    { appendEntriesMax: 257 },
    { ownBatchesMax: 257, forwardedBatchesMax: 300 }
  ])('options %o are refused', wrong => {
    const options = { ...defaultSingleLeaderOptions, ...wrong }
    expect(() => checkSingleLeaderOptions(options)).toThrow(AssertionError)
  })

  test('a majority is more than half', () => {
    const four = committeeOf(1, 1, 1, 1)
    expect(singleLeaderRules.isMajority(four, 2)).toBe(false)
    expect(singleLeaderRules.isMajority(four, 3)).toBe(true)
    expect(singleLeaderRules.mayCommit(1, 2)).toBe(false)
  })

  test('the log knows what names a batch, until all of it is forgotten', () => {
    const log = new EntryLog()
    const batch = batchOf('m')
    for (const each of [entry(1, 1, batch), entry(2, 1, batch), entry(3, 2)]) log.append(each)
    log.forget(1)
    expect([log.baseIndex, log.names(batch.digest), log.termAt(1)]).toEqual([1, true, 1])
    log.truncateAfter(1)
    expect([log.lastIndex, log.lastTerm, log.names(batch.digest)]).toEqual([1, 1, false])
    log.forget(9)
    log.reset(5, 3)
    expect([log.lastIndex, log.lastTerm, log.at(5)]).toEqual([5, 3, undefined])
  })

  test('a restart finds its entries, without what a gap cuts off', () => {
    build({ entries: [entry(1, 1), entry(2, 1), entry(3, 2)] })
    const message = append(2, [3, 2], 3)
    expect(delivered(hear(0, message)).map(each => each.index)).toEqual([1, 2, 3])
    build({ entries: [entry(5, 1), entry(6, 1)] })
    expect(messages(hear(0, message))).toMatchObject([{ answer: 'gap', index: 0 }])
  })
})
