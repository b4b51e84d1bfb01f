import type { Digest, Hash, ReplicaId, Sign } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Dag } from '../dag/dag.ts'
import type { OrdererEffect } from '../orderer.ts'
import type { SigningDomain } from '../signing.ts'
import type { BullsharkMessage } from './messages.ts'
import type { BullsharkOptions } from './options.ts'
import type { BullsharkRules } from './rules.ts'

export type BullsharkEffect = OrdererEffect<BullsharkMessage>

/** What the parts of the machine share. Each part appends its effects to `out`, in the order to be performed. */
export interface BullsharkParts {
  readonly options: BullsharkOptions
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly sign: Sign
  readonly rules: BullsharkRules
  readonly dag: Dag
  /** This node's seat; undefined for an observer. */
  readonly self: ReplicaId | undefined
  /** Is the payload stored here? */
  readonly hasBatch: (digest: Digest) => boolean
  /** Its length in bytes, which headers name too; undefined when it is not stored. */
  readonly sizeOfBatch: (digest: Digest) => number | undefined
}
