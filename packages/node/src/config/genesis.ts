import { type PeerId, type ReplicaId, toReplicaId } from '@novacron/base'
import { z } from 'zod'
import { type ClusterOptions, clusterOptionsSchema } from './cluster-options.ts'
import { exactly, hex, integer, listOf, name, peer, reachableAddress } from './fields.ts'
import { genesisProblems } from './genesis-rules.ts'
import type { MemberProofs } from './member-proof.ts'
import { problemsOf } from './problem.ts'
import type { Result } from './result.ts'

/** Replicas that a genesis may name. */
export const membersMax = 400
const operatorsMax = 64
const addressesMax = 16
/** Sums of weights stay exact. */
const weightMax = 1_000_000_000

export interface GenesisMember {
  readonly name: string
  readonly peer: PeerId
  /** Multiaddrs; may be empty for a member that only dials out. */
  readonly addresses: readonly string[]
  /** Ed25519 public key, 64 hex digits. */
  readonly consensusKey: string
  /** Public key of the VRF, 64 hex digits. */
  readonly vrfKey: string
  /** Voting power, an integer >= 1. */
  readonly weight: number
  /** The epoch that the keys hold from. */
  readonly fromEpoch: 0
  readonly proofs: MemberProofs
}

/** Those who may order changes of membership and rollouts; `threshold` of them must sign. Both empty and 0 for none. */
export interface Operators {
  /** Ed25519 public keys, 64 hex digits each. */
  readonly publicKeys: readonly string[]
  readonly threshold: number
}

/** What a chain starts from; its digest (`chainDigest`) is the chain's id. */
export interface Genesis {
  readonly format: 1
  readonly chainName: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly protocolVersion: 1
  readonly cluster: ClusterOptions
  /** In the order of names, which is the order of replica ids. */
  readonly members: readonly GenesisMember[]
  readonly operators: Operators
}

const proofs = z.strictObject({ peer: hex(64), consensus: hex(64), vrf: hex(64) })

const identity = {
  name: name(),
  peer: peer(),
  addresses: listOf(reachableAddress('any'), 0, addressesMax),
  consensusKey: hex(32),
  vrfKey: hex(32)
}

const memberSchema: z.ZodType<GenesisMember, unknown> = z.strictObject(
  {
    ...identity,
    weight: integer(1, weightMax),
    fromEpoch: exactly(0),
    proofs
  },
  { error: 'an object' }
)

const genesisSchema: z.ZodType<Genesis, unknown> = z.strictObject(
  {
    format: exactly(1),
    chainName: name(),
    createdAt: z.iso.datetime({ error: 'a UTC time such as 2026-01-31T12:00:00.000Z' }),
    protocolVersion: exactly(1),
    cluster: clusterOptionsSchema,
    members: listOf(memberSchema, 1, membersMax),
    operators: z.strictObject(
      { publicKeys: listOf(hex(32), 0, operatorsMax), threshold: integer(0, operatorsMax) },
      { error: 'an object' }
    )
  },
  { error: 'an object' }
)

/** The public part of a node, `node.json`: a member without its voting power. */
export interface NodePart
  extends Pick<
    GenesisMember,
    'name' | 'peer' | 'addresses' | 'consensusKey' | 'vrfKey' | 'proofs'
  > {
  readonly format: 1
}

const nodePartSchema: z.ZodType<NodePart, unknown> = z.strictObject(
  { format: exactly(1), ...identity, proofs },
  { error: 'an object' }
)

/** Checks form, then keys and proofs; a valid genesis has its members in the order of names. */
export function parseGenesis(json: unknown): Result<Genesis> {
  const parsed = genesisSchema.safeParse(json)
  if (!parsed.success) {
    return { type: 'invalid', problems: problemsOf(parsed.error, genesisSchema, json) }
  }
  const problems = genesisProblems(parsed.data)
  return problems.length === 0 ? { type: 'ok', value: parsed.data } : { type: 'invalid', problems }
}

/** Checks the form alone; proofs are checked with the genesis that the part goes into. */
export function parseNodePart(json: unknown): Result<NodePart> {
  const parsed = nodePartSchema.safeParse(json)
  return parsed.success
    ? { type: 'ok', value: parsed.data }
    : { type: 'invalid', problems: problemsOf(parsed.error, nodePartSchema, json) }
}

export interface GenesisRequest {
  readonly chainName: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly cluster?: Partial<ClusterOptions>
  readonly operators?: Operators
  /** By member name; 1 for the rest. */
  readonly weights?: Readonly<Record<string, number>>
}

/** A genesis from the public parts of its members, in any order. */
export function buildGenesis(parts: readonly NodePart[], request: GenesisRequest): Result<Genesis> {
  const { chainName, createdAt, cluster = {}, weights = {} } = request
  const members = parts.map(({ format: _, ...part }) => ({
    ...part,
    weight: weights[part.name] ?? 1,
    fromEpoch: 0
  }))
  members.sort((a, b) => (a.name < b.name ? -1 : 1))
  const operators = request.operators ?? { publicKeys: [], threshold: 0 }
  const format = 1
  return parseGenesis({
    format,
    chainName,
    createdAt,
    protocolVersion: 1,
    cluster,
    members,
    operators
  })
}

export type Role =
  | { readonly type: 'member'; readonly replica: ReplicaId; readonly member: GenesisMember }
  | { readonly type: 'observer' }

/** What a node is in a chain. */
export function roleOf(genesis: Genesis, self: PeerId): Role {
  const index = genesis.members.findIndex(({ peer }) => peer === self)
  const member = genesis.members[index]
  return member === undefined
    ? { type: 'observer' }
    : { type: 'member', replica: toReplicaId(index), member }
}
