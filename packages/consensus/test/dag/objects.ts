import type { CommitIndex, Digest, Epoch, Millis, ReplicaId, Round } from '@novacron/base'
import { toHex } from '@novacron/base'
import fc from 'fast-check'
import {
  type BatchReference,
  type Certificate,
  type CommittedSubDag,
  type Header,
  makeHeader,
  makeSubDag,
  type ParentReference,
  type SignedHeader,
  type Vote
} from '../../src/index.ts'
import { certify, domain, hash } from '../fixtures.ts'

export const digests: fc.Arbitrary<Digest> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(bytes => toHex(bytes) as Digest)

export const rounds: fc.Arbitrary<Round> = fc.maxSafeNat().map(value => value as Round)
const seats = fc.integer({ min: 0, max: 0xffff }).map(value => value as ReplicaId)
const times = fc.maxSafeNat().map(value => value as Millis)
const signatures = fc.uint8Array({ minLength: 64, maxLength: 64 })

const batches: fc.Arbitrary<BatchReference> = fc.record({
  digest: digests,
  sizeBytes: fc.integer({ min: 0, max: 0xffffffff })
})

const parents: fc.Arbitrary<ParentReference> = fc.record({ author: seats, digest: digests })

export const headers: fc.Arbitrary<Header> = fc
  .record({
    round: rounds,
    author: seats,
    createdAt: times,
    payload: fc.uniqueArray(batches, { maxLength: 4, selector: entry => entry.digest }),
    parents: fc.uniqueArray(parents, { maxLength: 4, selector: entry => entry.author })
  })
  .map(fields => makeHeader({ epoch: domain.epoch, ...fields }, domain, hash))

export const signedHeaders: fc.Arbitrary<SignedHeader> = fc.record({
  header: headers,
  signature: signatures
})

export const votes: fc.Arbitrary<Vote> = fc.record({
  epoch: fc.maxSafeNat().map(value => value as Epoch),
  headerId: digests,
  round: rounds,
  author: seats,
  voter: seats,
  signature: signatures
})

export const certificates: fc.Arbitrary<Certificate> = fc
  .tuple(headers, fc.uniqueArray(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }))
  .map(([header, voters]) => certify(header, voters))

export const subDags: fc.Arbitrary<CommittedSubDag> = fc
  .record({
    index: fc.maxSafeNat().map(value => value as CommitIndex),
    anchor: fc.record({ round: rounds, author: seats, digest: digests }),
    timestamp: times,
    previous: digests,
    vertices: fc.array(
      fc.record({
        round: rounds,
        author: seats,
        digest: digests,
        payload: fc.array(batches, { maxLength: 3 })
      }),
      { maxLength: 4 }
    ),
    scores: fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 5 })
  })
  .map(fields => makeSubDag({ epoch: domain.epoch, ...fields }, domain, hash))
