import { beforeEach, describe, expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import type { BullsharkEffect, BullsharkParts } from '../../src/bullshark/parts.ts'
import { screenMessage, signaturesOf } from '../../src/bullshark/screening.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import {
  type Certificate,
  type Header,
  type HeaderFields,
  makeCertificate,
  type Vote
} from '../../src/index.ts'
import {
  at,
  batch,
  certify,
  domain,
  four,
  hash,
  header,
  isSigned,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  signerOf,
  voteBy
} from '../fixtures.ts'

/** Replica 0 looks; rounds 1 and 2 are here. */
let parts: BullsharkParts
let certifier: Certifier

beforeEach(() => {
  const dag = new Sketch().full(1, 2).dag()
  parts = partsOf({ dag, sign: signerOf(0), hasBatch: () => true })
  certifier = new Certifier(parts, new SignedRecord())
  certifier.maySign = true
})

function headerOf(fields: Partial<HeaderFields> = {}): Header {
  const parents = parts.dag
    .round(round(2))
    .map(c => ({ author: c.header.author, digest: c.digest }))
  return header({ round: round(3), author: replica(1), parents, ...fields })
}

function receive(value: Header): void {
  certifier.onHeader(peerAt(value.author), signed(value), at(5_000), [])
}

/** Whose signatures would be checked; every one of them is over what the certificate says. */
function checkedVoters(certificate: Certificate): readonly number[] {
  const checks = signaturesOf({ type: 'certificate', certificate }, parts, certifier)
  const all = signaturesOf({ type: 'certificate', certificate }, parts)
  for (const check of checks) expect(all).toContainEqual(check)
  return checks.map(({ publicKey }) =>
    four.members.findIndex(member => member.publicKey === publicKey)
  )
}

/** As certified, but for one byte of what `voter` signed. */
function spoilt(certificate: Certificate, voter: number): Certificate {
  const signatures = certificate.signatures.map(entry => {
    if (entry.voter !== voter) return entry
    const signature = entry.signature.slice()
    signature[63] = (signature[63] as number) ^ 1
    return { ...entry, signature }
  })
  return makeCertificate(certificate.header, signatures, domain, hash)
}

describe('of a certificate', () => {
  test('all signatures are checked when its header was never seen', () => {
    expect(checkedVoters(certify(headerOf(), [0, 1, 2]))).toEqual([0, 1, 2])
  })

  test('the own vote and the author of the header that was voted for are not checked again', () => {
    receive(headerOf())
    expect(checkedVoters(certify(headerOf(), [0, 1, 2]))).toEqual([2])
    expect(checkedVoters(certify(headerOf(), [1, 2, 3]))).toEqual([2, 3])
    expect(checkedVoters(certify(headerOf(), [0, 2, 3]))).toEqual([2, 3])
  })

  test('the author of a header that waits is not checked again; no vote was given for it', () => {
    certifier.maySign = false
    receive(headerOf())
    expect(checkedVoters(certify(headerOf(), [0, 1, 2]))).toEqual([0, 2])
  })

  test.each([0, 1, 2])('a signature of %i that is not the one held is checked', voter => {
    receive(headerOf())
    const certificate = spoilt(certify(headerOf(), [0, 1, 2]), voter)
    expect(checkedVoters(certificate)).toContain(voter)
    const checks = signaturesOf({ type: 'certificate', certificate }, parts, certifier)
    expect(checks.every(isSigned)).toBe(false)
  })

  test.each([
    { what: 'another header of the slot', fields: { payload: [batch('other')] } },
    { what: 'the same author in another round', fields: { round: round(4) } },
    { what: 'another author', fields: { author: replica(2) } }
  ])('what is held for one header says nothing of $what', ({ fields }) => {
    receive(headerOf())
    const certificate = certify(headerOf(fields), [0, 1, 2, 3])
    expect(checkedVoters(certificate)).toEqual([0, 1, 2, 3])
    const value = headerOf()
    const replayed = certify(value, [0, 1, 2, 3]).signatures
    const forged = makeCertificate(headerOf(fields), replayed, domain, hash)
    expect(checkedVoters(forged)).toEqual([0, 1, 2, 3])
    const checks = signaturesOf({ type: 'certificate', certificate: forged }, parts, certifier)
    expect(checks.some(isSigned)).toBe(false)
  })

  test('in a reply no less than alone, and in the proofs of an own round all', () => {
    receive(headerOf())
    const certificates = [certify(headerOf(), [0, 1, 2])]
    const { epoch } = domain
    const pulled = { type: 'pulled', epoch, certificates } as const
    expect(signaturesOf(pulled, parts, certifier)).toHaveLength(1)
    const answer = { type: 'own-round', epoch, nonce: 1, certificates } as const
    expect(signaturesOf(answer, parts, certifier)).toHaveLength(3)
  })
})

describe('of the own header', () => {
  let own: Header

  beforeEach(() => {
    const out: BullsharkEffect[] = []
    own = certifier.propose(round(3), [], at(5_000), out).header
  })

  const screened = (vote: Vote) => {
    const verdict = screenMessage(peerAt(vote.voter), { type: 'vote', vote }, parts, certifier)
    return verdict.type === 'accept' ? 'accept' : verdict.fault.code
  }

  test('the first vote of its certificate is the signature that it was sent with', () => {
    for (const voter of [1, 2]) certifier.onVote(voteBy(voter, own), [])
    const certificate = certifier.proposal?.certificate as Certificate
    expect(certificate.signatures).toEqual(certify(own, [0, 1, 2]).signatures)
    const checks = signaturesOf({ type: 'certificate', certificate }, parts)
    expect(checks.every(isSigned)).toBe(true)
  })

  test('a certificate that comes back is checked for the votes that were not heard', () => {
    certifier.onVote(voteBy(1, own), [])
    expect(checkedVoters(certify(own, [0, 1, 2]))).toEqual([2])
    expect(checkedVoters(certify(headerOf({ author: replica(0) }), [0, 1, 2]))).toEqual([0, 1, 2])
  })

  test('votes are looked at until there are enough, once each, and for nothing else', () => {
    expect(screened(voteBy(1, own))).toBe('accept')
    certifier.onVote(voteBy(1, own), [])
    expect(screened(voteBy(1, own))).toBe('vote-not-wanted')
    expect(screened({ ...voteBy(2, own), round: round(4) })).toBe('vote-not-wanted')
    expect(screened(voteBy(2, headerOf({ author: replica(0) })))).toBe('vote-not-wanted')
    expect(screened(voteBy(2, own))).toBe('accept')
    certifier.onVote(voteBy(2, own), [])
    expect(screened(voteBy(3, own))).toBe('vote-not-wanted')
  })
})

test('a vote is not wanted while there is no own header', () => {
  expect(certifier.wantsVote(voteBy(1, headerOf({ author: replica(0) })))).toBe(false)
})
