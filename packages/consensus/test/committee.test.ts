import { AssertionError, type PeerId, type ReplicaId } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { committeeSizeMax } from '../src/committee.ts'
import { Committee, type Member } from '../src/index.ts'
import { committeeOf, peerAt, replica } from './fixtures.ts'

function member(peer: string, weight: number): Member {
  return { peer: peer as PeerId, publicKey: new Uint8Array(32), weight }
}

describe('the thresholds of a weighted committee', () => {
  test.each([
    { weights: [1], total: 1, quorum: 1, validity: 1 },
    { weights: [1, 1, 1], total: 3, quorum: 3, validity: 1 },
    { weights: [1, 1, 1, 1], total: 4, quorum: 3, validity: 2 },
    { weights: [1, 1, 1, 1, 1, 1, 1], total: 7, quorum: 5, validity: 3 },
    { weights: [5, 1, 1, 1], total: 8, quorum: 6, validity: 3 },
    { weights: [10, 20, 30, 40], total: 100, quorum: 67, validity: 34 }
  ])('weights $weights: quorum $quorum, validity $validity', entry => {
    const committee = committeeOf(...entry.weights)
    expect(committee.totalWeight).toBe(entry.total)
    expect(committee.quorumWeight).toBe(entry.quorum)
    expect(committee.validityWeight).toBe(entry.validity)
    expect(committee.size).toBe(entry.weights.length)
  })

  test('weights add up over the replicas named', () => {
    const committee = committeeOf(10, 20, 30, 40)
    expect(committee.weightOf(replica(2))).toBe(30)
    expect(committee.weightOfAll([replica(0), replica(3)])).toBe(50)
    expect(committee.weightOfAll([])).toBe(0)
  })
})

test('peers and seats find each other', () => {
  const committee = committeeOf(1, 1, 1)
  expect(committee.peerOf(replica(1))).toBe(peerAt(1))
  expect(committee.replicaOf(peerAt(2))).toBe(2)
  expect(committee.replicaOf(peerAt(3))).toBeUndefined()
  expect([committee.has(2), committee.has(3)]).toEqual([true, false])
  expect(() => committee.member(3 as ReplicaId)).toThrow(AssertionError)
})

test.each([
  { name: 'nobody', members: [] },
  { name: 'a weight of zero', members: [member('a', 0)] },
  { name: 'half a weight', members: [member('a', 1.5)] },
  { name: 'a peer twice', members: [member('a', 1), member('a', 1)] },
  {
    name: 'one seat too many',
    members: Array.from({ length: committeeSizeMax + 1 }, (_, i) => member(`p${i}`, 1))
  }
])('$name makes no committee', ({ members }) => {
  expect(() => new Committee(members)).toThrow(AssertionError)
})

test('the largest committee is one', () => {
  expect(committeeOf(...new Array<number>(committeeSizeMax).fill(1)).size).toBe(committeeSizeMax)
})
