import type { Millis } from '@novacron/base'
import { Prng } from '@novacron/base'
import type { BullsharkMessage } from '@novacron/consensus'
import { type DagBuilder, Disk, type ReplicaTypes, type SimulatedMachine } from '../../src/index.ts'
import { SimulatedKeys } from '../../src/keys.ts'
import { bullsharkNeeds } from '../needs.ts'

export type Replica = SimulatedMachine<ReplicaTypes<BullsharkMessage>>

/** Member 0 of a builder's committee, alone, with an empty disk that it has read: before that it takes nothing in. */
export function seatedReplica(builder: DagBuilder): Replica {
  const disk = new Disk(new Prng(1))
  const replica = bullsharkNeeds().protocol.make({
    peer: builder.committee.peerOf(builder.replica(0)),
    self: builder.replica(0),
    committee: builder.committee,
    domain: builder.domain,
    hash: builder.hash,
    sign: new SimulatedKeys(builder.committee.size, 0, builder.hash).signer(0),
    batches: disk.batches,
    wasSignedLogPresent: true,
    bullshark: {},
    mempool: {},
    replica: {}
  })
  const now = 1_000 as Millis
  const todo = [...replica.step({ type: 'started' }, now)]
  for (let effect = todo.shift(); effect !== undefined; effect = todo.shift()) {
    if (effect.type !== 'read') continue
    const rows = disk.read(effect)
    todo.push(...replica.step({ type: 'read-done', token: effect.token, rows }, now))
  }
  return replica
}
