import { randomBytes } from 'node:crypto'
import { type Epoch, type ReplicaId, toCommitIndex, toDigest } from '@novacron/base'
import { encodeGossip, type SignedHead } from '@novacron/replica'
import { defaultMeshOptions, type Mesh, startMesh } from '@novacron/transport'
import { expect, test } from 'vitest'
import { chainDigest } from '../../src/config/chain-digest.ts'
import type { InitializedNode } from '../../src/config/init.ts'
import type { Control } from '../../src/control/control.ts'
import { chainOf, executed, get, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'
import { Load } from './load.ts'

const cluster = { checkpointIntervalCommits: 160, retentionCommitsMin: 160, gcDepthRounds: 10 }
const options = { retention: { commits: 160, bytes: 1_048_576 } }
const never = new AbortController().signal

/** Only the newest roots are told, so both are asked until they tell of one checkpoint. */
async function expectSameState(one: Control, other: Control): Promise<void> {
  const rootsOf = (control: Control) => control.status().roots
  await expect
    .poll(() => JSON.stringify(rootsOf(one)) === JSON.stringify(rootsOf(other)))
    .toBe(true)
}

test(
  'observers from genesis come to the head by snapshot, follow by gossip, and believe no forged head',
  patience,
  async () => {
    await using chain = await TestCluster.make({ cluster, options })
    const members = await chain.startAll()
    const [first] = members as [Control, ...Control[]]
    const load = new Load('k', 6, () => members)
    await load.grow(50)
    await executed(first, 640)
    const lowest = async () => (await first.logRange({ from: endOf(first), limit: 1 })).lowest
    await expect.poll(lowest).toBeGreaterThan(160)

    const upstream = await chain.addObserver('observer-1')
    const observer = await chain.start('observer-1')
    await executed(observer, first.status().executedIndex)
    await expect.poll(() => observer.status()).toMatchObject({ role: 'observer', state: 'running' })
    expect(chain.logOf('observer-1').map(line => line.event)).toContain('snapshot-adopted')
    await expectSameState(first, observer)

    const { peerId } = upstream.keys
    const other = await chain.addObserver('observer-2', {
      upstreams: [{ peer: peerId, addresses: upstream.part.addresses }]
    })
    const second = await chain.start('observer-2')
    await executed(second, first.status().executedIndex)
    expect(
      second
        .peers()
        .filter(p => p.state === 'connected')
        .map(p => p.peer)
    ).toEqual([peerId])
    await load.stop()
    const last = await put(first, 'last', 'seen by all')
    await Promise.all([observer, second].map(control => executed(control, last)))
    expect(await get(second, 'last')).toBe('seen by all')
    for (const [key, value] of load.acknowledged) expect(await get(second, key)).toBe(value)
    await expectSameState(first, second)
    const from = last - 5
    expect(await chainOf(second, from, last)).toEqual(await chainOf(first, from, last))
    await expect(
      observer.submit(
        { application: 'log', payload: new Uint8Array(1), wait: 'none', timeoutMs: 1_000 },
        never
      )
    ).rejects.toMatchObject({ facts: { code: 'not-ready', state: 'observer' } })

    // A stranger, connected to the second observer alone.
    const forger = await forgerOf(chain, other)
    const forged: SignedHead = {
      epoch: 0 as Epoch,
      index: toCommitIndex(1_000_000),
      digest: toDigest('ab'.repeat(32)),
      replica: 1 as ReplicaId,
      signature: new Uint8Array(64)
    }
    const messages = [forged, { ...forged, replica: 9 as ReplicaId }]
    for (const [i, head] of messages.entries()) {
      forger.publish('heads', encodeGossip({ topic: 'heads', head }))
      const rejected = () =>
        chain.logOf('observer-2').filter(line => line.event === 'gossip-rejected').length
      await expect.poll(rejected).toBe(i + 1)
    }
    await forger[Symbol.asyncDispose]()
    // Of the true head it may be behind; of the forged one it says nothing.
    expect(second.status().reasons.join()).not.toContain('1000000')
    expect(second.status().state).toBe('running')
    expect(chain.logOf('observer-1').filter(line => line.event === 'gossip-rejected')).toEqual([])
    const after = await put(first, 'after', 'the forgery')
    await executed(second, after)
    expect(await get(second, 'after')).toBe('the forgery')
  }
)

function endOf(control: Control) {
  return { index: control.status().executedIndex, ordinal: 0 }
}

/** A mesh of nobody's, connected to `victim` and in its gossip. */
async function forgerOf(chain: TestCluster, victim: InitializedNode): Promise<Mesh> {
  const connected = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<void>()
  const mesh = await startMesh(
    { ...defaultMeshOptions, chain: chainDigest(chain.genesis) },
    {
      privateKeySeed: new Uint8Array(randomBytes(32)),
      members: [],
      handlers: {
        onFrame: () => {},
        onPeer: (_, state) => state === 'connected' && connected.resolve(),
        onGossip: () => {
          heard.resolve()
          return 'ignore'
        }
      }
    },
    never
  )
  mesh.keepConnected({ peer: victim.keys.peerId, addresses: victim.part.addresses })
  await Promise.all([connected.promise, heard.promise])
  return mesh
}
