import type { CommitIndex, Epoch, PeerId, Round } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { isNews, screenMessage, signaturesOf } from '../../src/bullshark/screening.ts'
import {
  type BullsharkMessage,
  type Certificate,
  certificateSigningBytes,
  type HeaderFields,
  headerSigningBytes,
  voteSigningBytes
} from '../../src/index.ts'
import {
  batch,
  certify,
  committeeOf,
  digest,
  domain,
  four,
  header,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  voteBy
} from '../fixtures.ts'
import { certified, headerProof, ownRound, type Proofs, voteProof } from './own-round.ts'

const sketch = new Sketch().full(1, 8)
const dag = sketch.dag(6)
dag.collect(round(3))
/** Rounds 4 to 6 are here; replica 0 looks. */
const parts = partsOf({ dag }, { futureRoundsMax: 20, headerBatchesMax: 2, pullDigestsMax: 2 })
const observer = { ...parts, self: undefined }
const stranger = 'stranger' as PeerId
const nextEpoch = { ...domain, epoch: 1 as Epoch }

function verdict(message: BullsharkMessage, from = peerAt(1), under = parts): string {
  const result = screenMessage(from, message, under)
  return result.type === 'accept' ? 'accept' : `${result.type}: ${result.fault.code}`
}

const parentsOf = (r: number, ...authors: number[]) =>
  authors.map(a => ({ author: replica(a), digest: digest(`${r}/${a}`) }))

function head(fields: Partial<HeaderFields> = {}) {
  return header({ round: round(7), author: replica(1), parents: parentsOf(6, 0, 1, 2), ...fields })
}

const asHeader = (fields: Partial<HeaderFields> = {}): BullsharkMessage => ({
  type: 'header',
  signed: signed(head(fields))
})
const asCertificate = (
  fields: Partial<HeaderFields> = {},
  voters: readonly number[] = [0, 1, 2]
): BullsharkMessage => ({ type: 'certificate', certificate: certify(head(fields), voters) })
const inReply = (...certificates: Certificate[]): BullsharkMessage[] => [
  { type: 'pulled', epoch: domain.epoch, certificates },
  {
    type: 'caught-up',
    epoch: domain.epoch,
    fromIndex: 1 as CommitIndex,
    lowest: 1 as CommitIndex,
    head: 1 as CommitIndex,
    certificates
  }
]

describe('a header', () => {
  test.each([
    { fields: {}, expected: 'accept' },
    { fields: { round: round(0) }, expected: 'reject: round-zero' },
    { fields: { round: round(3) }, expected: 'ignore: below-garbage-collection' },
    { fields: { round: round(4) }, expected: 'accept' },
    { fields: { round: round(26) }, expected: 'accept' },
    { fields: { round: round(27) }, expected: 'ignore: far-future-round' },
    { fields: { round: Number.MAX_SAFE_INTEGER as Round }, expected: 'ignore: far-future-round' },
    { fields: { payload: [batch(1), batch(2)] }, expected: 'accept' },
    { fields: { payload: [batch(1), batch(2), batch(3)] }, expected: 'reject: too-many-batches' },
    { fields: { parents: parentsOf(6, 0, 1) }, expected: 'reject: parent-weight-short' },
    { fields: { parents: [] }, expected: 'reject: parent-weight-short' },
    { fields: { parents: parentsOf(6, 0, 1, 4) }, expected: 'reject: unknown-parent-author' },
    { fields: { epoch: nextEpoch.epoch }, expected: 'ignore: other-epoch' },
    { fields: { author: replica(2) }, expected: 'reject: not-the-author' }
  ])('$fields: $expected', ({ fields, expected }) => {
    expect(verdict(asHeader(fields))).toBe(expected)
  })

  test('comes from a member, to a member', () => {
    expect(verdict(asHeader(), stranger)).toBe('reject: not-a-member')
    expect(verdict(asHeader(), peerAt(1), observer)).toBe('ignore: observing')
  })

  test('of round one has no parents', () => {
    const fresh = partsOf()
    const first = { round: round(1), parents: [] }
    expect(verdict(asHeader(first), peerAt(1), fresh)).toBe('accept')
    expect(verdict(asHeader({ ...first, parents: parentsOf(0, 0, 1, 2) }), peerAt(1), fresh)).toBe(
      'reject: parents-in-round-one'
    )
  })
})

describe('a vote', () => {
  const own = header({ round: round(7), author: replica(0) })
  const asVote = (voter: number, value = own): BullsharkMessage => ({
    type: 'vote',
    vote: voteBy(voter, value)
  })
  test.each([
    { message: asVote(1), from: peerAt(1), expected: 'accept' },
    { message: asVote(2), from: peerAt(1), expected: 'reject: not-the-voter' },
    { message: asVote(1), from: stranger, expected: 'reject: not-the-voter' },
    { message: asVote(1, head()), from: peerAt(1), expected: 'ignore: vote-for-another' },
    {
      message: asVote(1, header({ author: replica(0) }, nextEpoch)),
      from: peerAt(1),
      expected: 'ignore: other-epoch'
    }
  ])('$expected', ({ message, from, expected }) => {
    expect(verdict(message, from)).toBe(expected)
  })

  test('is nothing to an observer', () => {
    expect(verdict(asVote(1), peerAt(1), observer)).toBe('ignore: vote-for-another')
  })
})

describe('a certificate', () => {
  const cases: { fields?: Partial<HeaderFields>; voters?: number[]; expected: string }[] = [
    { expected: 'accept' },
    { fields: { author: replica(4) }, expected: 'reject: unknown-author' },
    { fields: { round: round(0) }, expected: 'reject: round-zero' },
    { fields: { round: round(27) }, expected: 'ignore: far-future-round' },
    { fields: { round: round(3) }, expected: 'ignore: below-garbage-collection' },
    // Another vertex in a slot that is taken: bad news, but only if the signatures hold.
    { fields: { round: round(6) }, expected: 'accept' },
    { voters: [0, 1], expected: 'reject: vote-weight-short' },
    { voters: [0, 1, 60_000], expected: 'reject: unknown-voter' },
    { fields: { parents: parentsOf(6, 0, 1) }, expected: 'reject: parent-weight-short' }
  ]
  test.each(cases)('$fields $voters: $expected', ({ fields, voters, expected }) => {
    expect(verdict(asCertificate(fields, voters))).toBe(expected)
    const [first, second] = inReply(certify(head(fields), voters ?? [0, 1, 2]))
    const isLate = expected.startsWith('ignore')
    for (const reply of [first!, second!]) {
      // In a reply what is known or old is passed over, and no round is too far ahead.
      expect(verdict(reply, stranger)).toBe(isLate ? 'accept' : expected)
    }
  })

  test('that is in the DAG is known, whoever has signed it', () => {
    const known = sketch.at(6, 1)
    for (const certificate of [known, certify(known.header, [1, 2, 3])]) {
      expect(verdict({ type: 'certificate', certificate })).toBe('ignore: known')
    }
  })

  test('is announced by members; of another epoch it is not looked at', () => {
    expect(verdict(asCertificate(), stranger)).toBe('reject: not-a-member')
    expect(verdict(asCertificate({ epoch: nextEpoch.epoch }))).toBe('ignore: other-epoch')
  })

  test('of another epoch in a reply of this one is refused before its seats are looked up', () => {
    const foreign = certify(header({ author: replica(1) }, nextEpoch), [0, 1, 60_000])
    for (const reply of inReply(certify(head(), [0, 1, 2]), foreign)) {
      expect(verdict(reply, stranger)).toBe('reject: other-epoch')
    }
  })
})

describe('requests', () => {
  const pull = (count: number): BullsharkMessage => ({
    type: 'pull',
    epoch: domain.epoch,
    digests: Array.from({ length: count }, (_, i) => digest(i))
  })
  const ask: BullsharkMessage = { type: 'ask-own-round', epoch: domain.epoch, nonce: 1 }
  const catchUp: BullsharkMessage = {
    type: 'catch-up',
    epoch: domain.epoch,
    fromIndex: 1 as CommitIndex,
    fromRound: round(0)
  }
  test.each([
    { name: 'a pull', message: pull(2), from: stranger, expected: 'accept' },
    {
      name: 'too large a pull',
      message: pull(3),
      from: peerAt(1),
      expected: 'reject: too-many-digests'
    },
    { name: 'catch-up', message: catchUp, from: stranger, expected: 'accept' },
    { name: 'a question for rounds', message: ask, from: peerAt(1), expected: 'accept' },
    { name: 'of a stranger', message: ask, from: stranger, expected: 'reject: not-a-member' },
    {
      name: 'another epoch',
      message: { ...catchUp, epoch: nextEpoch.epoch },
      from: peerAt(1),
      expected: 'ignore: other-epoch'
    }
  ])('$name: $expected', ({ message, from, expected }) => {
    expect(verdict(message, from)).toBe(expected)
  })
})

describe('an answer about the own round', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => certified(i + 1, 1))
  const foreign = header({ author: replica(1) }, nextEpoch)
  const cases: { name: string; proofs: Proofs; expected: string }[] = [
    { name: 'that knows nothing', proofs: {}, expected: 'accept' },
    {
      name: 'with proofs of any round, collected or far ahead',
      proofs: {
        ...headerProof(1, 0),
        ...voteProof(1_000_000, 1),
        certificates: [certified(2, 0), certified(5, 2), certified(1_000_000, 1)]
      },
      expected: 'accept'
    },
    {
      name: 'with the most certificates',
      proofs: { certificates: many(3) },
      expected: 'accept'
    },
    {
      name: 'with one more',
      proofs: { certificates: many(4) },
      expected: 'reject: too-many-certificates'
    },
    {
      name: 'with a header of nobody',
      proofs: headerProof(1, 4),
      expected: 'reject: unknown-author'
    },
    {
      name: 'with a vote of nobody',
      proofs: voteProof(1, 0, 4),
      expected: 'reject: unknown-author'
    },
    {
      name: 'with a vertex of nobody',
      proofs: { certificates: [certified(2, 0), certified(9, 4)] },
      expected: 'reject: unknown-author'
    },
    {
      name: 'with votes of nobody in a vertex',
      proofs: { certificates: [certified(9, 1, [1, 2, 60_000])] },
      expected: 'reject: unknown-voter'
    },
    {
      name: 'with a vertex that lacks a vote',
      proofs: { certificates: [certified(9, 1, [1, 2])] },
      expected: 'reject: vote-weight-short'
    },
    {
      name: 'with a header of another epoch',
      proofs: { header: signed(foreign) },
      expected: 'reject: other-epoch'
    },
    {
      name: 'with a vote of another epoch',
      proofs: { vote: voteBy(0, foreign) },
      expected: 'reject: other-epoch'
    },
    {
      name: 'with a vertex of another epoch, before its seats are looked up',
      proofs: { certificates: [certify(foreign, [0, 1, 60_000])] },
      expected: 'reject: other-epoch'
    }
  ]
  test.each(cases)('$name: $expected', ({ proofs, expected }) => {
    expect(verdict(ownRound(proofs))).toBe(expected)
  })

  test('comes from a member; of another epoch it is not looked at', () => {
    expect(verdict(ownRound(), stranger)).toBe('reject: not-a-member')
    const late = { ...ownRound({ certificates: many(4) }), epoch: nextEpoch.epoch }
    expect(verdict(late)).toBe('ignore: other-epoch')
  })

  test('weighs its votes', () => {
    const heavy = partsOf({ committee: committeeOf(1, 4, 1, 1) })
    const proof = (voters: readonly number[]) =>
      ownRound({ certificates: [certified(9, 1, voters)] })
    expect(verdict(proof([1]), peerAt(1), heavy)).toBe('reject: vote-weight-short')
    expect(verdict(proof([0, 2, 3]), peerAt(1), heavy)).toBe('reject: vote-weight-short')
    expect(verdict(proof([0, 1]), peerAt(1), heavy)).toBe('accept')
  })
})

describe('the signatures that must hold', () => {
  const keyOf = (index: number) => four.member(replica(index)).publicKey

  test('of a header: its author', () => {
    const value = signed(head())
    expect(signaturesOf({ type: 'header', signed: value }, parts)).toEqual([
      {
        publicKey: keyOf(1),
        message: headerSigningBytes(value.header, domain),
        signature: value.signature
      }
    ])
  })

  test('of a vote: its voter, over all that it says', () => {
    const vote = { ...voteBy(2, head()), round: round(9) }
    expect(signaturesOf({ type: 'vote', vote }, parts)).toEqual([
      { publicKey: keyOf(2), message: voteSigningBytes(vote, domain), signature: vote.signature }
    ])
  })

  test('of a certificate: every voter, over one message', () => {
    const certificate = certify(head(), [0, 2, 3])
    const checks = signaturesOf({ type: 'certificate', certificate }, parts)
    expect(checks.map(check => check.publicKey)).toEqual([keyOf(0), keyOf(2), keyOf(3)])
    for (const check of checks) {
      expect(check.message).toEqual(certificateSigningBytes(certificate, domain))
    }
  })

  test('of a reply: those of what is new', () => {
    const old = sketch.at(2, 0)
    const known = sketch.at(5, 0)
    const fresh = sketch.at(7, 0)
    expect([old, known, fresh].map(c => isNews(c, parts))).toEqual([false, false, true])
    for (const reply of inReply(old, known, fresh)) {
      expect(signaturesOf(reply, parts)).toHaveLength(fresh.signatures.length)
    }
  })

  test('of an answer about the own round: those of every proof, known or not', () => {
    const known = sketch.at(5, 0)
    const [header, vote] = [signed(head({ author: replica(0) })), voteBy(0, head())]
    const far = certified(1_000, 2, [1, 2, 3])
    const checks = signaturesOf(ownRound({ header, vote, certificates: [known, far] }), parts)
    const each = [
      ...signaturesOf({ type: 'header', signed: header }, parts),
      ...signaturesOf({ type: 'vote', vote }, parts),
      ...signaturesOf({ type: 'certificate', certificate: known }, parts),
      ...signaturesOf({ type: 'certificate', certificate: far }, parts)
    ]
    expect(checks).toEqual(each)
    expect(checks).toHaveLength(1 + 1 + 4 + 3)
    expect(signaturesOf(ownRound(), parts)).toEqual([])
  })

  test('of a request: none', () => {
    expect(signaturesOf({ type: 'ask-own-round', epoch: domain.epoch, nonce: 1 }, parts)).toEqual(
      []
    )
  })
})
