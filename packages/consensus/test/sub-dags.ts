import type { CommitIndex, Digest } from '@novacron/base'
import { type CommittedSubDag, makeSubDag, type SubDagFields } from '../src/index.ts'
import { at, batch, digest, domain, hash, replica, round } from './fixtures.ts'

/** A commit of one small history; what is left out is made up. */
export function subDag(fields: Partial<SubDagFields> = {}): CommittedSubDag {
  const anchor = { round: round(2), author: replica(1), digest: digest('anchor') }
  return makeSubDag(
    {
      epoch: domain.epoch,
      index: 1 as CommitIndex,
      anchor,
      timestamp: at(1_000),
      previous: '0'.repeat(64) as Digest,
      vertices: [
        { round: round(1), author: replica(0), digest: digest('v'), payload: [batch('b')] },
        { ...anchor, payload: [] }
      ],
      scores: [],
      ...fields
    },
    domain,
    hash
  )
}
