import { z } from 'zod'
import {
  type ConsensusStatus,
  type DagRound,
  type NodeStatus,
  nodeStates,
  type PeerStatus
} from './node-report.ts'
import { count, digest } from './schemas.ts'

const bytesCount = z.number().min(0)
const milliseconds = z.number().min(0)

export const nodeStatus: z.ZodType<NodeStatus> = z.strictObject({
  name: z.string(),
  peer: z.string(),
  chain: digest,
  chainName: z.string(),
  role: z.enum(['member', 'observer']),
  version: z.string(),
  protocol: z.string(),
  epoch: count,
  round: count,
  committedIndex: count,
  executedIndex: count,
  checkpointIndex: count,
  roots: z.strictObject({ index: count, stateRoot: digest, sessionRoot: digest }).exactOptional(),
  head: z.strictObject({ index: count, digest }),
  state: z.enum(nodeStates),
  reasons: z.array(z.string()),
  peersConnected: count,
  uptimeMs: milliseconds,
  sockets: z.strictObject({
    control: z.string().exactOptional(),
    ingest: z.string().exactOptional(),
    health: z.string().exactOptional(),
    controlTcp: z.string().exactOptional()
  }),
  tier: z.union([z.literal(1), z.literal(2), z.literal(3)]).exactOptional()
})

export const peerStatus: z.ZodType<PeerStatus> = z.strictObject({
  peer: z.string(),
  name: z.string().exactOptional(),
  member: z.boolean(),
  state: z.enum(['connected', 'connecting', 'disconnected', 'refused']),
  addresses: z.array(z.string()),
  rttMs: milliseconds.exactOptional(),
  queuedBytes: bytesCount,
  sentBytes: bytesCount,
  receivedBytes: bytesCount,
  plane: z.enum(['libp2p', 'direct']).exactOptional(),
  encryption: z.string().exactOptional()
})

export const consensusStatus: z.ZodType<ConsensusStatus> = z.strictObject({
  protocol: z.string(),
  epoch: count,
  round: count,
  committedIndex: count,
  committedRound: count,
  quorumWeight: count,
  totalWeight: count,
  members: z.array(
    z.strictObject({
      replica: count,
      peer: z.string(),
      name: z.string().exactOptional(),
      weight: count,
      round: count
    })
  ),
  reasons: z.array(z.string())
})

export const dagRound: z.ZodType<DagRound> = z.strictObject({
  round: count,
  vertices: z.array(
    z.strictObject({
      author: count,
      digest,
      parents: z.array(digest),
      batches: count,
      transactions: count.exactOptional(),
      committedIndex: count.exactOptional()
    })
  ),
  anchor: z
    .strictObject({
      author: count,
      digest: digest.exactOptional(),
      state: z.enum(['undecided', 'committed', 'skipped'])
    })
    .exactOptional()
})
