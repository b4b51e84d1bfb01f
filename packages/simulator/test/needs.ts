import type { Hash } from '@novacron/base'
import type { BullsharkMessage, BullsharkRules } from '@novacron/consensus'
import type { ReplicaTypes, SimulationNeeds } from '../src/index.ts'
import { bullsharkOrderer, replicaProtocol } from '../src/index.ts'
import { sha256 } from './hash.ts'

/** The replica of the product on Bullshark; one for each run. */
export function bullsharkNeeds(
  rules?: BullsharkRules,
  hash: Hash = sha256
): SimulationNeeds<ReplicaTypes<BullsharkMessage>> {
  return {
    hash,
    protocol: replicaProtocol({ orderer: bullsharkOrderer(rules) }, hash)
  }
}
