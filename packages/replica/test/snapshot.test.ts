import { digestOf, type PeerId, type Verified } from '@novacron/base'
import { executionTables, type SnapshotRequest } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { readWindow } from '../src/commit-window.ts'
import type { ReplicaEffect, ReplicaMessage } from '../src/index.ts'
import { Cluster, windowCommits } from './cluster.ts'
import { at, domain, hash, only, peerAt } from './fixtures.ts'
import type { Host } from './host.ts'

// More than a member must be behind by before it asks for commits.
const pruning = { retentionCommits: 15 }
const adopted = ({ effects }: { readonly effects: readonly ReplicaEffect[] }) =>
  only(effects, 'note').filter(({ event }) => event === 'snapshot-adopted')
const snapshotPart = (message: object) => {
  const some = message as ReplicaMessage
  return some.layer === 'snapshot' ? some.message : undefined
}

/** Three of four that have pruned their beginning; seat 3 was never there. */
function pruned(keys = 20): Cluster {
  const cluster = new Cluster(pruning, [0, 1, 2]).open().put(keys).runTo(0, 40)
  cluster.run(100)
  expect(cluster.at(0).replica.retainedFrom).toBeGreaterThan(15)
  return cluster
}

function expectSameState(cluster: Cluster, host: Host<never> | ReturnType<Cluster['at']>): void {
  const other = cluster.at(0)
  const index = Math.max(host.replica.executor.index, other.replica.executor.index)
  const isLevel = () => host.replica.executor.index === other.replica.executor.index
  cluster.runTo(0, index + 1)
  expect(cluster.run(5_000, isLevel)).toBe(true)
  expect(host.replica.executor.digest).toBe(other.replica.executor.digest)
  expect(host.roots).toBe(other.roots)
}

describe('whoever is behind what its peers have kept', () => {
  test.each([
    { who: 'a member', seat: 3 },
    { who: 'an observer', seat: 4 }
  ])('$who adopts a snapshot and goes on', ({ seat }) => {
    const cluster = pruned()
    const host = cluster.join(seat)
    expect(cluster.run(20_000, () => adopted(host).length > 0)).toBe(true)
    const index = adopted(host)[0]?.facts['index'] as number
    expect(host.replica.retainedFrom).toBe(index + 1)
    expect(host.replica.status().checkpointIndex).toBeGreaterThanOrEqual(index)
    expect(host.store.rows(executionTables.snapshotPartial)).toEqual([])
    cluster.runTo(seat, index + 12)
    expect(host.executed[0]?.subDag.index).toBe(index + 1)
    expect(host.replica.executor.kvList(new Uint8Array(), undefined, 99)).toHaveLength(20)
    expectSameState(cluster, host)
    expect(host.replica.status().state).toBe('running')
    if (seat === 4) expect(host.signatures).toBe(0)
  })

  test('it can give that state to others, and be restarted on it', () => {
    const cluster = pruned()
    const host = cluster.join(3)
    cluster.run(20_000, () => adopted(host).length > 0)
    const { index } = host.replica.executor
    cluster.stop(host)
    const again = cluster.join(3, host.store)
    cluster.runTo(3, index + 12)
    expect(adopted(again)).toEqual([])
    expect(again.executed[0]?.subDag.index).toBeGreaterThan(index)
    const observer = cluster.join(4)
    cluster.filter = (from, to, message) =>
      snapshotPart(message) !== undefined && to === observer.peer && from !== again.peer
        ? undefined
        : message
    expect(cluster.run(60_000, () => adopted(observer).length > 0)).toBe(true)
    cluster.filter = (_from, _to, message) => message
    expectSameState(cluster, observer)
  })
})

describe('a lying peer', () => {
  /** Gives a snapshot away whose commits are none. */
  function lyingAbout(message: ReplicaMessage<never>, extra: Uint8Array): ReplicaMessage<never> {
    const part = snapshotPart(message)
    if (part?.type === 'manifest') {
      const extraDigest = digestOf(hash, extra)
      const manifest = { ...part.manifest, extraDigest, extraBytes: extra.length }
      return { layer: 'snapshot', message: { type: 'manifest', manifest } }
    }
    if (part?.type !== 'piece' || part.object.type !== 'extra') return message
    const piece = { ...part, offset: 0, sizeBytes: extra.length, bytes: extra }
    return { layer: 'snapshot', message: piece }
  }

  test('with another window of commits is found out, and another peer is asked', () => {
    const cluster = pruned()
    const liar = peerAt(0)
    const extra = new Uint8Array(2)
    let isFound = false
    cluster.filter = (from, to, message) => {
      const part = snapshotPart(message)
      if (part === undefined || to !== peerAt(3)) return message
      if (from === liar) return lyingAbout(message as ReplicaMessage<never>, extra)
      // The liar is the first to be believed.
      return part.type === 'manifest' && !isFound ? undefined : message
    }
    const host = cluster.join(3)
    const punished = (): PeerId[] =>
      only(host.effects, 'penalize')
        .filter(({ code }) => code === 'snapshot-extra-rejected')
        .map(({ peer }) => peer)
    expect(cluster.run(20_000, () => punished().length > 0)).toBe(true)
    expect(punished()).toEqual([liar])
    expect(adopted(host)).toEqual([])
    expect(host.replica.executor.index).toBe(0)
    isFound = true
    expect(cluster.run(30_000, () => adopted(host).length > 0)).toBe(true)
    expectSameState(cluster, host)
    expect(punished()).toEqual([liar])
  })
})

describe('a download', () => {
  test('says in words how far it is, and goes on after a restart with what it has', () => {
    const cluster = pruned(120)
    const answered: number[] = []
    let isHalf = true
    cluster.filter = (_from, to, message) => {
      const part = snapshotPart(message)
      if (to !== peerAt(3) || part?.type !== 'buckets' || part.namespace !== 'state') return message
      const buckets = part.buckets.map(([bucket]) => bucket)
      if (isHalf && (buckets[0] ?? 0) >= 2_048) return undefined
      answered.push(...buckets)
      return message
    }
    const host = cluster.join(3)
    const partial = () => host.store.rows(executionTables.snapshotPartial).length
    expect(cluster.run(20_000, () => answered.length > 30)).toBe(true)
    cluster.run(200)
    expect(host.replica.status().reasons).toContainEqual(
      expect.stringMatching(/fetching the snapshot at commit \d+: \d+ buckets held/)
    )
    expect(partial()).toBeGreaterThan(30)
    cluster.stop(host)
    answered.length = 0
    isHalf = false
    const again = cluster.join(3, host.store)
    expect(cluster.run(30_000, () => adopted(again).length > 0)).toBe(true)
    expect(answered.length).toBeGreaterThan(30)
    expect(answered.filter(bucket => bucket < 2_048).length).toBeLessThan(3)
    cluster.runTo(3, again.replica.executor.index + 5)
    expectSameState(cluster, again)
  })

  test('that ends when the log has come further by itself is let go, and nothing is lost', () => {
    const cluster = new Cluster({ checkpointIntervalCommits: 20, payloadWaitMs: 200 })
    cluster.open().runTo(3, 5)
    const host = cluster.at(3)
    const held: { from: PeerId; message: ReplicaMessage }[] = []
    let [isCutOff, isHeld] = [true, true]
    cluster.filter = (from, to, message) => {
      if (to !== host.peer || !('layer' in message)) return message
      if (isCutOff && message.layer === 'mempool') return undefined
      if (!isHeld || snapshotPart(message)?.type !== 'buckets') return message
      held.push({ from, message })
      return undefined
    }
    cluster.put(3)
    expect(cluster.run(20_000, () => held.length > 0)).toBe(true)
    expect(host.replica.status().reasons).toContainEqual(
      expect.stringMatching(/\d+ batches of the next commit are missing/)
    )
    isCutOff = false
    const { lastIndex } = host.replica.orderer
    cluster.runTo(3, lastIndex)
    isHeld = false
    for (const { from, message } of held) {
      const verified = message as Verified<ReplicaMessage>
      cluster.give(host, { type: 'received', from, message: verified })
    }
    const isFetching = () => host.replica.status().reasons.some(reason => /snapshot/.test(reason))
    expect(isFetching()).toBe(true)
    expect(cluster.run(20_000, () => !isFetching())).toBe(true)
    expect(adopted(host)).toEqual([])
    expect(host.executed.map(({ subDag }) => subDag.index)).toEqual(
      Array.from({ length: host.replica.executor.index }, (_, i) => i + 1)
    )
    expectSameState(cluster, host)
    expect(servedWindow(cluster, host)).toHaveLength(windowCommits)
  })
})

/** The commits that come with the next snapshot that this host gives away, as whoever fetches it checks them. */
function servedWindow(cluster: Cluster, host: ReturnType<Cluster['at']>) {
  const above = host.replica.executor.index
  cluster.runTo(3, above + 21).run(50)
  const ask = (message: SnapshotRequest) => {
    const asked = { layer: 'snapshot', message } as Verified<ReplicaMessage>
    const event = { type: 'received', from: peerAt(0), message: asked } as const
    const [sent] = only(host.replica.step(event, at(cluster.now)), 'send')
    return sent === undefined ? undefined : snapshotPart(sent.message)
  }
  const answer = ask({ type: 'get-manifest', above })
  if (answer?.type !== 'manifest') throw new Error('no snapshot')
  const { checkpoint } = answer.manifest.certificate
  const { index } = checkpoint
  const piece = ask({ type: 'get-object', index, object: { type: 'extra' }, offset: 0 })
  if (piece?.type !== 'piece') throw new Error('no commits')
  return readWindow(piece.bytes, checkpoint, windowCommits, domain, hash)
}
