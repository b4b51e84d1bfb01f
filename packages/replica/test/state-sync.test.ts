import { type BullsharkMessage, tables } from '@novacron/consensus'
import { executionTables } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { checkpointIntervalsMax } from '../src/checkpointer.ts'
import type { ReplicaEffect } from '../src/index.ts'
import { Cluster, settingsOf } from './cluster.ts'
import { only, openOf, peerAt } from './fixtures.ts'
import type { Host } from './host.ts'

const certified = (effects: readonly ReplicaEffect[]) =>
  only(effects, 'publish').flatMap(({ message }) =>
    message.topic === 'checkpoints' ? [message.certificate] : []
  )

describe('a checkpoint', () => {
  test('is certified by a quorum, published once and stored, and every state is the same', () => {
    const cluster = new Cluster().open().put(10).runTo(0, 12)
    cluster.run(50)
    for (const seat of [0, 1, 2, 3]) {
      const { effects, replica, store } = cluster.at(seat)
      const certificates = certified(effects)
      const indexes = certificates.map(({ checkpoint }) => checkpoint.index)
      expect(indexes.slice(0, 2)).toEqual([5, 10])
      for (const { signatures } of certificates) expect(signatures.length).toBeGreaterThanOrEqual(3)
      expect(certificates[1]?.checkpoint).toEqual(certified(cluster.at(0).effects)[1]?.checkpoint)
      expect(replica.status().checkpointIndex).toBe(indexes.at(-1))
      expect(store.rows(executionTables.checkpoint)).toHaveLength(indexes.length)
    }
  })

  test('is not certified by less', () => {
    const cluster = new Cluster()
    const silent = [peerAt(2), peerAt(3)]
    cluster.filter = (from, to, message) => {
      const isAbout =
        'layer' in message ? message.layer === 'checkpoint' : message.topic !== 'heads'
      return isAbout && (silent.includes(from) || silent.includes(to)) ? undefined : message
    }
    cluster.runTo(0, 12)
    for (const seat of [0, 1]) {
      expect(cluster.at(seat).replica.status().checkpointIndex).toBe(0)
      expect(certified(cluster.at(seat).effects)).toEqual([])
    }
    silent.pop()
    cluster.runTo(0, 20).run(3_000)
    expect(cluster.at(0).replica.status().checkpointIndex).toBeGreaterThan(0)
  })

  test('reaches by gossip who has seen no vote', () => {
    const cluster = new Cluster()
    cluster.filter = (_from, to, message) =>
      'layer' in message && message.layer === 'checkpoint' && to === peerAt(3) ? undefined : message
    cluster.runTo(3, 12)
    cluster.run(50)
    expect(cluster.at(3).replica.status().checkpointIndex).toBeGreaterThanOrEqual(10)
  })
})

describe('history below a certified checkpoint', () => {
  test('goes, commits and payload alike, and nothing above it', () => {
    const checkpointIntervalCommits = 5
    const cluster = new Cluster({ retentionCommits: 5, checkpointIntervalCommits })
      .open()
      .put(20, 25)
      .runTo(0, 60)
    cluster.run(100)
    const { replica, store, executed } = cluster.at(0)
    const { retainedFrom, checkpointIndex } = replica.status()
    // The snapshot at the checkpoint before is given away as well, and leads to what follows it.
    expect(retainedFrom).toBe(checkpointIndex - checkpointIntervalCommits - 5)
    const held = executed.flatMap(({ subDag }) =>
      subDag.vertices.flatMap(({ payload }) =>
        payload.map(({ digest }) => [subDag.index >= retainedFrom, store.has(digest)])
      )
    )
    expect(held.length).toBeGreaterThan(5)
    for (const [isKept, isHeld] of held) expect(isHeld).toBe(isKept)
    // The orderer's window lies below what is retained.
    expect(store.rows(tables.commit).length).toBeLessThan(
      replica.executor.index - retainedFrom + 12
    )
    expect(store.rows('outcome')).toHaveLength(replica.executor.index - retainedFrom + 1)
  })
})

/** Commits whose state this replica has signed. */
function signedBy({ effects }: Host<BullsharkMessage>): number[] {
  return only(effects, 'broadcast').flatMap(({ message }) =>
    message.layer === 'checkpoint' && message.message.type === 'checkpoint-vote'
      ? [message.message.vote.checkpoint.index]
      : []
  )
}

test('checkpoints that wait for the log are the same at all, after a restart and a snapshot too', () => {
  const options = { checkpointBytesMin: 1, retentionCommits: 1, payloadWaitMs: 200 }
  const cluster = new Cluster(options, [0, 1, 2]).open()
  /** Much of the log is about few keys, and then little of it. */
  const goOn = () => {
    for (let i = 0; i < 3; i++) {
      cluster.put(300, 5, { keys: 2, valueBytes: 600 }).put(20, 20)
    }
    cluster.run(200)
  }
  goOn()
  const before = cluster.at(1)
  cluster.stop(before)
  const again = cluster.join(1, before.store)
  goOn()
  const late = cluster.join(3)
  goOn()

  const all = signedBy(cluster.at(0))
  const gaps = all.slice(1).map((index, i) => index - (all[i] as number))
  expect(new Set(gaps).size, `${gaps}`).toBeGreaterThan(2)
  expect(Math.max(...gaps)).toBe(5 * checkpointIntervalsMax)
  for (const host of [before, cluster.at(2), again, late]) {
    const signed = signedBy(host)
    expect(signed.length).toBeGreaterThan(3)
    const [first = 0, last = 0] = [signed[0], signed.at(-1)]
    expect(signed).toEqual(all.filter(index => index >= first && index <= last))
  }
  expect(late.replica.status().checkpointIndex).toBe(all.at(-1))
})

describe('a replica with another state', () => {
  /** Seat 3 opens fewer sessions than the rest: a misconfiguration that shows in the state alone. */
  function diverging() {
    const cluster = new Cluster({}, [0, 1, 2])
    const execution = { sessionsMax: 1 }
    cluster.join(3, undefined, { ...settingsOf({}), execution })
    cluster.runTo(0, 1)
    for (const nonce of [1, 2]) cluster.submit(0, openOf(nonce))
    return cluster
  }

  test('says so, holds, and signs nothing any more, while the others go on', () => {
    const cluster = diverging()
    const host = cluster.at(3)
    expect(cluster.run(20_000, () => host.replica.status().state === 'diverged')).toBe(true)
    const notes = only(host.effects, 'note').filter(({ level }) => level === 'error')
    expect(notes.map(({ event }) => event)).toEqual(['state-diverged'])
    expect(host.replica.status().reasons).toContainEqual(
      expect.stringMatching(/the state after commit \d+ is not what a quorum has signed/)
    )
    expect(host.replica.status().orderer.phase).toBe('held')
    const { signatures } = host
    const { index } = host.replica.executor
    cluster.runTo(0, index + 20)
    expect(host.signatures).toBe(signatures)
    expect(host.replica.executor.index).toBeGreaterThan(index)
    expect(cluster.at(0).replica.status()).toMatchObject({ state: 'running', reasons: [] })
  })

  test('finds it again after a restart', () => {
    const cluster = diverging()
    const host = cluster.at(3)
    cluster.run(20_000, () => host.replica.status().state === 'diverged')
    cluster.runTo(3, host.replica.executor.index + 8)
    cluster.stop(host)
    const again = cluster.join(3, host.store, host.settings)
    expect(cluster.run(20_000, () => again.replica.status().state === 'diverged')).toBe(true)
  })
})

test('an orderer that is told of a better log by nobody fetches no snapshot', () => {
  const cluster = new Cluster().open().runTo(0, 10)
  const sent = only(cluster.at(0).effects, 'send').filter(
    ({ message }) => message.layer === 'snapshot'
  )
  expect(sent).toEqual([])
})
