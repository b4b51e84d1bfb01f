import { type Millis, type PeerId, type ReplicaId, toRound } from '@novacron/base'
import {
  type BullsharkMessage,
  bullsharkCodec,
  headerSigningBytes,
  makeHeader,
  type SignedHeader
} from '@novacron/consensus'
import { replicaCodec } from '@novacron/replica'
import { defaultMeshOptions, startMesh } from '@novacron/transport'
import { expect, test } from 'vitest'
import { chainFactsOf } from '../../src/assembly/replica-settings.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import type { InitializedNode } from '../../src/config/init.ts'
import { expectOneChain, get, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'

/** Holds the seat of `node` and signs what it likes; `onMessage` hears what the others answer. */
async function startLiar(
  { genesis }: TestCluster,
  { keys }: InitializedNode,
  onMessage: (from: PeerId, message: BullsharkMessage) => void
) {
  const { domain, committee } = chainFactsOf(genesis)
  const codec = replicaCodec(bullsharkCodec(domain, sha256), sha256)
  const connected = new Set<PeerId>()
  const all = Promise.withResolvers<void>()
  const mesh = await startMesh(
    { ...defaultMeshOptions, chain: domain.chain },
    {
      privateKeySeed: keys.peer.seed,
      members: genesis.members,
      handlers: {
        onFrame: (from, _class, frame) => {
          const decoded = codec.decode(frame)
          if (decoded.layer === 'order') onMessage(from, decoded.message)
        },
        onPeer: (peer, state) => {
          if (state === 'connected') connected.add(peer)
          if (connected.size === 3) all.resolve()
        },
        onGossip: () => 'accept'
      }
    },
    AbortSignal.timeout(20_000)
  )
  await all.promise
  /** A header of round 1; each `createdAt` makes another one. */
  const sign = (createdAt: number): SignedHeader => {
    const author = committee.replicaOf(keys.peerId) as ReplicaId
    const fields = { epoch: domain.epoch, round: toRound(1), author, payload: [], parents: [] }
    const header = makeHeader({ ...fields, createdAt: createdAt as Millis }, domain, sha256)
    return { header, signature: keys.consensus.sign(headerSigningBytes(header, domain)) }
  }
  const send = (to: PeerId, signed: SignedHeader): void => {
    const frame = codec.encode({ layer: 'order', message: { type: 'header', signed } })
    expect(mesh.send(to, 'order', frame)).toBe(true)
  }
  return { mesh, sign, send }
}

test(
  'two headers for one slot are proved to everyone, and nobody votes for the second',
  patience,
  async () => {
    await using cluster = await TestCluster.make({ cluster: { gcDepthRounds: 1_000 } })
    const nodes = await Promise.all([1, 2, 3].map(member => cluster.start(member)))
    const [first] = nodes as [(typeof nodes)[0], ...typeof nodes]
    const victim = cluster.members[0]?.keys.peerId as PeerId
    const voted = Promise.withResolvers<string>()
    const votes = new Set<string>()
    const liar = await startLiar(
      cluster,
      cluster.members[3] as InitializedNode,
      (from, message) => {
        if (message.type !== 'vote' || from !== victim) return
        votes.add(message.vote.headerId)
        voted.resolve(message.vote.headerId)
      }
    )
    await using _ = liar.mesh
    const [one, two] = [liar.sign(1_000), liar.sign(2_000)]
    liar.send(victim, one)
    expect(await voted.promise).toBe(one.header.id)
    liar.send(victim, two)
    const proofs = (member: number) =>
      cluster.logOf(member).filter(line => line.event === 'evidence')
    for (const member of [1, 2, 3]) {
      await expect
        .poll(() => proofs(member))
        .toMatchObject([{ against: cluster.members[3]?.keys.peerId }])
    }
    expect([...votes]).toEqual([one.header.id])
    const { sockets } = first.status()
    const metrics = await (await fetch(`${sockets.health}/metrics`)).text()
    expect(metrics).toMatch(/^novacron_consensus_evidence_total 1$/m)
    // The honest three go on.
    await put(first, 'k', 'v')
    await expect.poll(() => get(nodes[2] as typeof first, 'k')).toBe('v')
    await expectOneChain(nodes)
  }
)
