import type { CommitIndex, Digest, Epoch, Millis, ReplicaId, Round } from '@novacron/base'
import { type CommittedSubDag, genesisCommitDigest } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { type Backing, CertificationChecker } from '../../src/checkers/certification.ts'
import { type RunVerdict, verdictKinds } from '../../src/checkers/violation.ts'

const right = 'aa' as Digest
const wrong = 'bb' as Digest
const vertex = { round: 4 as Round, author: 1 as ReplicaId, digest: 'vertex' as Digest }
const subDag: CommittedSubDag = {
  epoch: 0 as Epoch,
  index: 1 as CommitIndex,
  anchor: vertex,
  timestamp: 1 as Millis,
  previous: genesisCommitDigest,
  vertices: [{ ...vertex, payload: [] }],
  scores: [],
  digest: 'commit' as Digest
}
const backing: Backing = {
  voteSlot: 'vote/4/1',
  proposal: { slot: 'header/4', signer: 1 },
  matches: content => content === right
}

/** Of four, place 3 lies, so two of a quorum of three are honest. */
function watch() {
  const found: string[] = []
  const checker = new CertificationChecker(
    { honest: new Set([0, 1, 2]), signersMin: 2 },
    ({ verdict, facts }) => found.push(`${verdict}: ${facts}`)
  )
  const signs = (slot: string) => (signer: number, content: Digest, sender: number) =>
    checker.sent(sender, [{ signer: signer as ReplicaId, slot, content }])
  return { found, checker, votes: signs('vote/4/1'), proposes: signs('header/4') }
}

describe('what is in the log', () => {
  test('was signed by as many honest members as a quorum has, its author among them', () => {
    const { found, checker, votes, proposes } = watch()
    proposes(1, right, 1)
    votes(0, right, 0)
    checker.appended(2, subDag, () => backing)
    expect(found).toEqual([])
  })

  test.each([
    { name: 'too few', vote: [] },
    { name: 'a vote for something else', vote: [0, wrong, 0] },
    { name: 'a vote that a liar gives', vote: [3, right, 3] },
    { name: 'a vote that somebody else tells of', vote: [0, right, 2] },
    { name: 'its author twice', vote: [1, right, 1] }
  ] as const)('is found when signed by $name', ({ vote }) => {
    const { found, checker, votes, proposes } = watch()
    proposes(1, right, 1)
    if (vote.length > 0) votes(...(vote as [number, Digest, number]))
    checker.appended(2, subDag, () => backing)
    expect(found).toEqual([
      'uncertified: place 2: commit 1 orders vertex 4/1, which 1 honest members signed, at least 2 of a quorum'
    ])
  })

  test('is not asked for signatures where the protocol has none', () => {
    const { found, checker } = watch()
    checker.appended(2, subDag, () => undefined)
    expect(found).toEqual([])
  })
})

test('every verdict is of one of five kinds, and only a pass is a pass', () => {
  const kinds = new Set(Object.values(verdictKinds))
  expect([...kinds].sort()).toEqual(['diverged', 'duplicated', 'lost', 'pass', 'stalled'])
  for (const verdict of Object.keys(verdictKinds) as RunVerdict[]) {
    expect(verdictKinds[verdict] === 'pass').toBe(verdict === 'pass')
  }
})
