import type { BatchReader, Epoch, Hash, PeerId, ReplicaId, Sign } from '@novacron/base'
import { fromHex } from '@novacron/base'
import {
  Bullshark,
  type BullsharkOptions,
  bullsharkCodec,
  Committee,
  defaultMempoolOptions,
  type MessageCodec,
  type Orderer,
  type SigningDomain,
  SingleLeader,
  singleLeaderCodec
} from '@novacron/consensus'
import { defaultExecutionOptions, type HashSeed, type MemberListing } from '@novacron/execution'
import { type OrdererNeeds, Replica, type ReplicaSettings } from '@novacron/replica'
import { chainDigest } from '../config/chain-digest.ts'
import { commitFactorOf, orderingOptions } from '../config/cluster-options.ts'
import type { Genesis } from '../config/genesis.ts'
import { tierTimings } from '../config/network-tier.ts'
import type { NodeOptions } from '../config/node-options.ts'
import { type DagSource, emptyDagSource } from '../control/dag-window.ts'
import { batchFrameBytes } from './sizes.ts'

/** What follows from the genesis alone, equal on every node. */
export interface ChainFacts {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly members: readonly MemberListing[]
  readonly names: ReadonlyMap<PeerId, string>
  /** Commits in the rounds in which `bullshark` makes one: limits that are counted in commits are multiplied by it. */
  readonly commitFactor: number
}

export function chainFactsOf(genesis: Genesis): ChainFacts {
  const committee = new Committee(
    genesis.members.map(({ peer, consensusKey, weight }) => ({
      peer,
      publicKey: fromHex(consensusKey),
      weight
    }))
  )
  const chain = chainDigest(genesis)
  return {
    committee,
    domain: { protocolVersion: genesis.protocolVersion, chain, epoch: 0 as Epoch },
    members: genesis.members.map(({ name, peer, weight }) => ({ name, peer, weight })),
    names: new Map(genesis.members.map(({ name, peer }) => [peer, name])),
    commitFactor: commitFactorOf(genesis.cluster, genesis.members.length)
  }
}

/** A bucket holds its largest entry and its key. */
const bucketRoomBytes = 2_048

/** Cluster options go where all must agree, node options where each decides for itself. */
export function replicaSettings(genesis: Genesis, options: NodeOptions): ReplicaSettings {
  const { cluster, members } = genesis
  const factor = commitFactorOf(cluster, members.length)
  return {
    replica: {
      checkpointIntervalCommits: cluster.checkpointIntervalCommits,
      retentionCommits: options.retention.commits,
      retentionBytes: options.retention.bytes
    },
    mempool: {
      ...tierTimings[options.network.tier].mempool,
      unorderedCommitsMax: defaultMempoolOptions.unorderedCommitsMax * factor,
      batchBytesMax: cluster.batchBytesMax,
      pendingBytesMax: Math.max(options.limits.pendingBytes, batchFrameBytes(cluster))
    },
    execution: {
      transactionBytesMax: cluster.transactionBytesMax,
      bucketBytesMax: Math.max(
        defaultExecutionOptions.bucketBytesMax,
        cluster.transactionBytesMax + bucketRoomBytes
      ),
      stateBytesMax: cluster.stateBytesMax,
      sessionsMax: cluster.sessionsMax,
      sessionIdleCommitsMin: defaultExecutionOptions.sessionIdleCommitsMin * factor
    }
  }
}

/** Timings of the network's tier; what the chain must agree on is the genesis's. */
export function bullsharkOptions(
  { cluster, members }: Genesis,
  { network }: NodeOptions
): BullsharkOptions {
  const { bullshark } = tierTimings[network.tier]
  const executionLagCommitsMax =
    bullshark.executionLagCommitsMax * commitFactorOf(cluster, members.length)
  return { ...bullshark, executionLagCommitsMax, ...orderingOptions(cluster, members.length) }
}

export interface ReplicaParts {
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly sign: Sign
  readonly batches: BatchReader
  readonly wasSignedLogPresent: boolean
  readonly hashSeed: HashSeed
}

/** A replica, whatever its orderer says to those of other nodes. */
export interface MadeReplica {
  readonly replica: Replica<unknown>
  readonly orderCodec: MessageCodec<unknown>
  /** For the control API; empty when nothing is ordered by a DAG. */
  readonly dag: DagSource
}

/** The machine of a node, with the orderer that the genesis asks for. */
export function makeReplica(
  genesis: Genesis,
  options: NodeOptions,
  facts: ChainFacts,
  parts: ReplicaParts
): MadeReplica {
  const { committee, domain, members } = facts
  const make = <Message>(makeOrderer: (needs: OrdererNeeds) => Orderer<Message>) =>
    new Replica<Message>(replicaSettings(genesis, options), {
      ...parts,
      committee,
      domain,
      members,
      makeOrderer
    }) as Replica<unknown>
  if (genesis.cluster.protocol === 'single-leader') {
    const replica = make(needs => new SingleLeader({}, needs))
    const orderCodec = singleLeaderCodec as MessageCodec<unknown>
    return { replica, orderCodec, dag: emptyDagSource(committee) }
  }
  const made: Bullshark[] = []
  const replica = make(needs => {
    const bullshark = new Bullshark(bullsharkOptions(genesis, options), needs)
    made.push(bullshark)
    return bullshark
  })
  const orderCodec = bullsharkCodec(domain, parts.hash) as MessageCodec<unknown>
  return { replica, orderCodec, dag: made[0] as Bullshark }
}
