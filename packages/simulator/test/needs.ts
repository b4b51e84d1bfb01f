import type { BullsharkMessage, BullsharkRules } from '@novacron/consensus'
import type { ReplicaTypes, SimulationNeeds } from '../src/index.ts'
import { bullsharkOrderer, replicaProtocol } from '../src/index.ts'
import { sha256 } from './hash.ts'

/** The replica of the product on Bullshark; one for each run. */
export function bullsharkNeeds(
  rules?: BullsharkRules
): SimulationNeeds<ReplicaTypes<BullsharkMessage>> {
  return {
    hash: sha256,
    protocol: replicaProtocol({ orderer: bullsharkOrderer(rules) }, sha256)
  }
}
