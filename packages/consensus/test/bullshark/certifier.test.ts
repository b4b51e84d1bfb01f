import { type Millis, Reader } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import type { BullsharkEffect, BullsharkParts } from '../../src/bullshark/parts.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import {
  type Header,
  type HeaderFields,
  readSignedHeader,
  type SignedHeader,
  tables,
  type Vote,
  voteSigningBytes
} from '../../src/index.ts'
import {
  at,
  batch,
  certify,
  committeeOf,
  counted,
  domain,
  hash,
  header,
  only,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  signerOf,
  voteBy
} from '../fixtures.ts'

const now = at(5_000)
let sketch: Sketch
let parts: BullsharkParts
let record: SignedRecord
let certifier: Certifier
let held: Set<string>

function build(overrides: Partial<BullsharkParts> = {}): void {
  parts = partsOf({ dag: sketch.dag(), hasBatch: digest => held.has(digest), ...overrides })
  record = new SignedRecord()
  certifier = new Certifier(parts, record)
  certifier.maySign = true
}

beforeEach(() => {
  held = new Set()
  sketch = new Sketch().full(1, 2)
  build()
})

/** A header of replica 1 in round 3, on everything in round 2. */
function headerOf(fields: Partial<HeaderFields> = {}): Header {
  const parents = parts.dag
    .round(round(2))
    .map(c => ({ author: c.header.author, digest: c.digest }))
  return header({ round: round(3), author: replica(1), parents, ...fields })
}

function receive(value: SignedHeader, time: Millis = now): BullsharkEffect[] {
  const out: BullsharkEffect[] = []
  certifier.onHeader(peerAt(value.header.author), value, time, out)
  return out
}

function votesIn(effects: readonly BullsharkEffect[]): Vote[] {
  return only(effects, 'send').flatMap(({ message }) =>
    message.type === 'vote' ? [message.vote] : []
  )
}

describe('a vote', () => {
  test('is written durably, with the header, before it is sent to the author', () => {
    const value = signed(headerOf())
    const effects = receive(value)
    expect(effects.map(effect => effect.type)).toEqual(['persist', 'send'])
    const [persist] = only(effects, 'persist')
    expect(persist?.durable).toBe(true)
    expect(persist?.writes.map(write => write.table)).toEqual([tables.signed, tables.header])
    const stored = persist?.writes[1]
    expect(
      stored?.type === 'put' && readSignedHeader(new Reader(stored.value), domain, hash)
    ).toEqual(value)
    const [send] = only(effects, 'send')
    expect([send?.to, send?.class]).toEqual([peerAt(1), 'order'])
    expect(votesIn(effects)).toEqual([voteBy(0, value.header)])
    expect(votesIn(effects)[0]?.signature).toEqual(
      signerOf(0)(voteSigningBytes({ ...value.header, headerId: value.header.id }, domain))
    )
  })

  test('is given once for each author and round, and the same again on demand', () => {
    const value = signed(headerOf())
    const [first] = votesIn(receive(value))
    const again = receive(value)
    expect(again.map(effect => effect.type)).toEqual(['send'])
    expect(votesIn(again)).toEqual([first])
  })

  test('that a crash has kept without the payload is sent again when the payload is here', () => {
    const payload = [batch('x'), batch('y')]
    const value = signed(headerOf({ payload }))
    record.setVote(voteBy(0, value.header))
    held.add(payload[0]!.digest)
    const out: BullsharkEffect[] = []
    const missing = certifier.onHeader(peerAt(1), value, now, out)
    expect(missing).toEqual({ parents: [], batches: [payload[1]] })
    certifier.retryPending(now, out)
    expect(out).toEqual([])
    held.add(payload[1]!.digest)
    certifier.retryPending(now, out)
    expect(out.map(effect => effect.type)).toEqual(['send'])
    expect(votesIn(out)).toEqual([voteBy(0, value.header)])
  })

  test('is not given below one that was given', () => {
    receive(signed(headerOf()))
    expect(receive(signed(header({ author: replica(1) })))).toEqual([])
  })

  test('of another author or a later round is another matter', () => {
    receive(signed(headerOf()))
    expect(votesIn(receive(signed(headerOf({ author: replica(2) }))))).toHaveLength(1)
    sketch.full(3, 3)
    build()
    receive(signed(headerOf()))
    const parents = parts.dag
      .round(round(3))
      .map(c => ({ author: c.header.author, digest: c.digest }))
    expect(votesIn(receive(signed(headerOf({ round: round(4), parents }))))).toHaveLength(1)
  })
})

describe('a second header in a slot', () => {
  const other = () => signed(headerOf({ createdAt: at(2_000) }))

  test('gives evidence of both and a penalty, and no vote', () => {
    const first = signed(headerOf())
    receive(first)
    const effects = receive(other())
    expect(counted(effects)).toEqual(['equivocation'])
    expect(only(effects, 'penalize')).toEqual([
      { type: 'penalize', peer: peerAt(1), code: 'equivocation' }
    ])
    expect(votesIn(effects)).toEqual([])
    const [evidence] = only(effects, 'evidence')
    expect([evidence?.against, evidence?.kind]).toEqual([peerAt(1), 'header-equivocation'])
    const shown = evidence?.objects.map(o => readSignedHeader(new Reader(o), domain, hash))
    expect(shown).toEqual([first, other()])
  })

  test('is noticed after a restart too, with evidence when the first header was kept', () => {
    const first = signed(headerOf())
    receive(first)
    const restarted = new SignedRecord()
    restarted.setVote(voteBy(0, first.header))
    certifier = new Certifier(parts, restarted)
    certifier.maySign = true
    expect(receive(other()).map(effect => effect.type)).toEqual(['count', 'penalize'])
    certifier.restoreVoted(first)
    expect(only(receive(other()), 'evidence')).toHaveLength(1)
  })

  test('is noticed before any vote, and shown once for a round', () => {
    const first = signed(headerOf({ payload: [batch('missing')] }))
    expect(receive(first)).toEqual([])
    const effects = receive(other())
    expect(effects.map(effect => effect.type)).toEqual(['count', 'penalize', 'evidence'])
    const [evidence] = only(effects, 'evidence')
    const shown = evidence?.objects.map(o => readSignedHeader(new Reader(o), domain, hash))
    expect(shown).toEqual([first, other()])
    const third = signed(headerOf({ createdAt: at(4_000) }))
    expect(receive(third).map(effect => effect.type)).toEqual(['count', 'penalize'])
    held.add(batch('missing').digest)
    const out: BullsharkEffect[] = []
    certifier.retryPending(now, out)
    expect(votesIn(out).map(vote => vote.headerId)).toEqual([first.header.id])
  })
})

describe('a header waits', () => {
  test('for payload, and is voted for once when all of it is here', () => {
    const payload = [batch('a'), batch('b')]
    const out: BullsharkEffect[] = []
    const value = signed(headerOf({ payload }))
    const missing = certifier.onHeader(peerAt(1), value, now, out)
    expect(new Set(missing.batches)).toEqual(new Set(payload))
    held.add(payload[0]!.digest)
    certifier.retryPending(now, out)
    expect(out).toEqual([])
    held.add(payload[1]!.digest)
    certifier.retryPending(now, out)
    certifier.retryPending(now, out)
    expect(votesIn(out)).toHaveLength(1)
  })

  test('for parents', () => {
    parts = partsOf({ dag: sketch.dag(1) })
    certifier = new Certifier(parts, record)
    certifier.maySign = true
    const value = signed(
      header({
        round: round(3),
        author: replica(1),
        parents: [0, 1, 2].map(a => ({ author: replica(a), digest: sketch.at(2, a).digest }))
      })
    )
    const out: BullsharkEffect[] = []
    const { parents } = certifier.onHeader(peerAt(1), value, now, out)
    expect(parents).toEqual([0, 1, 2].map(a => sketch.at(2, a).digest))
    for (const a of [0, 1, 2]) parts.dag.insert(sketch.at(2, a))
    certifier.retryPending(now, out)
    expect(votesIn(out)).toHaveLength(1)
  })

  test('not for parents that are collected', () => {
    parts.dag.collect(round(2))
    const parents = [0, 1, 2].map(a => ({ author: replica(a), digest: sketch.at(2, a).digest }))
    expect(votesIn(receive(signed(headerOf({ parents }))))).toHaveLength(1)
  })

  test('not for parents that a snapshot has ordered; another vertex in such a slot is none', () => {
    parts = partsOf({ dag: sketch.dag(1) })
    certifier = new Certifier(parts, record)
    certifier.maySign = true
    const snapshot = [0, 1, 2].map(author => ({
      round: round(2),
      author: replica(author),
      digest: sketch.at(2, author).digest
    }))
    for (const vertex of snapshot) parts.dag.markCommitted(vertex)
    const invented = { author: replica(2), digest: header().id }
    const lying = headerOf({ parents: [...snapshot.slice(0, 2), invented] })
    expect(votesIn(receive(signed(lying)))).toEqual([])
    const honest = signed(headerOf({ author: replica(2), parents: snapshot }))
    expect(votesIn(receive(honest))).toHaveLength(1)
  })

  test('for a vertex that does not exist, though its slot is ordered', () => {
    const value = headerOf()
    const parents = value.parents.slice(0, 3)
    for (const { author, digest } of parents) {
      parts.dag.markCommitted({ round: round(2), author, digest })
    }
    const invented = { author: parents[0]!.author, digest: header().id }
    const out: BullsharkEffect[] = []
    const lying = signed(headerOf({ parents: [invented, ...parents.slice(1)] }))
    const missing = certifier.onHeader(peerAt(1), lying, now, out)
    expect(missing.parents).toEqual([invented.digest])
    expect(out).toEqual([])
  })

  test('while nothing may be signed', () => {
    certifier.maySign = false
    const out: BullsharkEffect[] = receive(signed(headerOf()))
    certifier.retryPending(now, out)
    expect(out).toEqual([])
    certifier.maySign = true
    certifier.retryPending(now, out)
    expect(votesIn(out)).toHaveLength(1)
  })

  test('until a newer one of its author comes, or its round is collected', () => {
    const out: BullsharkEffect[] = []
    receive(signed(headerOf({ payload: [batch('a')] })))
    certifier.onHeader(
      peerAt(1),
      signed(header({ author: replica(1), payload: [batch('z')] })),
      now,
      out
    )
    certifier.collect(round(2))
    held.add(batch('a').digest)
    held.add(batch('z').digest)
    certifier.retryPending(now, out)
    expect(votesIn(out).map(vote => vote.round)).toEqual([3])

    receive(signed(headerOf({ author: replica(2), payload: [batch('c')] })))
    certifier.collect(round(3))
    held.add(batch('c').digest)
    const later: BullsharkEffect[] = []
    certifier.retryPending(now, later)
    expect(later).toEqual([])
  })
})

describe('a header that is not voted for', () => {
  test.each([
    { name: 'within the drift', ahead: 500, votes: 1, counts: [] },
    { name: 'beyond the drift', ahead: 501, votes: 0, counts: ['header_from_the_future'] }
  ])('its clock is ahead: $name', ({ ahead, votes, counts }) => {
    const effects = receive(signed(headerOf({ createdAt: at(now + ahead) })))
    expect([votesIn(effects).length, counted(effects)]).toEqual([votes, counts])
  })

  test.each([
    { createdAt: 199, penalties: ['header-before-parents'] },
    { createdAt: 200, penalties: [] }
  ])('its clock is behind its parents: $createdAt', ({ createdAt, penalties }) => {
    const effects = receive(signed(headerOf({ createdAt: at(createdAt) })))
    expect(only(effects, 'penalize').map(effect => effect.code)).toEqual(penalties)
    expect(votesIn(effects)).toHaveLength(penalties.length === 0 ? 1 : 0)
  })

  test.each([
    {
      name: 'one vertex three times',
      places: [
        [2, 0],
        [2, 0],
        [2, 0]
      ]
    },
    {
      name: 'vertices of an older round',
      places: [
        [1, 0],
        [1, 1],
        [1, 2]
      ]
    },
    {
      name: 'seats swapped',
      places: [
        [2, 1],
        [2, 0],
        [2, 2]
      ]
    }
  ])('its parents do not stand where it says: $name', ({ places }) => {
    const parents = places.map(([r, a], index) => ({
      author: replica(index),
      digest: sketch.at(r!, a!).digest
    }))
    const effects = receive(signed(headerOf({ parents })))
    expect(only(effects, 'penalize').map(effect => effect.code)).toEqual([
      'header-parents-misplaced'
    ])
    expect(votesIn(effects)).toEqual([])
  })

  test('how far none are given is told, and never goes back', () => {
    expect(certifier.abstainedRound).toBe(0)
    certifier.abstainUntil(round(7))
    certifier.abstainUntil(round(5))
    expect(certifier.abstainedRound).toBe(7)
  })

  test('its round may have been voted in before the record was lost', () => {
    certifier.abstainUntil(round(3))
    certifier.abstainUntil(round(1))
    expect(receive(signed(headerOf()))).toEqual([])
    certifier.retryPending(now, [])
    expect(record.voteFor(replica(1))).toBeUndefined()
  })

  test('every header tells how far the others are', () => {
    receive(signed(headerOf()))
    receive(signed(header({ author: replica(2) })))
    expect(certifier.highestHeaderSeen).toBe(3)
  })
})

describe('the own header', () => {
  test('is written durably before it is broadcast, on every parent that is here', () => {
    const out: BullsharkEffect[] = []
    const { header: own } = certifier.propose(round(3), [batch('p')], at(7_000.9), out)
    expect(out.map(effect => effect.type)).toEqual(['persist', 'broadcast'])
    expect(only(out, 'persist')[0]).toMatchObject({ durable: true })
    expect(own).toMatchObject({ round: 3, author: 0, createdAt: 7_000, epoch: domain.epoch })
    expect(own.parents.map(parent => parent.author)).toEqual([0, 1, 2, 3])
    expect(record.headerRound).toBe(3)
    expect(certifier.highestHeaderSeen).toBe(3)
  })

  test('is never older than its parents, whatever the clock says', () => {
    expect(certifier.propose(round(3), [], at(5), []).header.createdAt).toBe(200)
  })

  test('becomes a certificate at exactly a quorum, and then hears no more votes', () => {
    const out: BullsharkEffect[] = []
    const { header: own } = certifier.propose(round(3), [], now, out)
    expect(certifier.missingVoters()).toEqual([1, 2, 3])
    expect(certifier.onVote(voteBy(1, own), out)).toBeUndefined()
    expect(certifier.onVote(voteBy(1, own), out)).toBeUndefined()
    expect(certifier.openVoteOf(replica(1))).toEqual(voteBy(1, own))
    expect(certifier.openVoteOf(replica(2))).toBeUndefined()
    const certificate = certifier.onVote(voteBy(3, own), out)
    expect(certificate).toEqual(certify(own, [0, 1, 3]))
    expect(only(out, 'broadcast').at(-1)?.message).toEqual({ type: 'certificate', certificate })
    expect(certifier.onVote(voteBy(2, own), out)).toBeUndefined()
    expect(certifier.proposal?.certificate).toBe(certificate)
  })

  test('is pending until it has its certificate', () => {
    const pending = () => [2, 3, 4].map(r => certifier.isPending(round(r)))
    expect(pending()).toEqual([false, false, false])
    const payload = [{ digest: header().id, sizeBytes: 10 }]
    const { header: own } = certifier.propose(round(3), payload, now, [])
    expect(pending()).toEqual([false, true, false])
    for (const voter of [1, 2]) certifier.onVote(voteBy(voter, own), [])
    expect(pending()).toEqual([false, false, false])
  })

  test('an empty one is never waited for', () => {
    certifier.propose(round(3), [], now, [])
    expect(certifier.isPending(round(3))).toBe(false)
  })

  test.each([
    { name: 'another header', change: { headerId: header().id } },
    { name: 'another round', change: { round: round(4) } },
    { name: 'another author', change: { author: replica(2) } }
  ])('takes no vote for $name: its signature would spoil the certificate', ({ change }) => {
    const { header: own } = certifier.propose(round(3), [], now, [])
    certifier.onVote(voteBy(1, own), [])
    expect(certifier.onVote({ ...voteBy(2, own), ...change }, [])).toBeUndefined()
    expect(certifier.openVoteOf(replica(2))).toBeUndefined()
  })

  test('counts weights: one heavy voter is enough', () => {
    sketch = new Sketch(committeeOf(1, 4, 1, 1)).full(1, 2)
    build()
    const { header: own } = certifier.propose(round(3), [], now, [])
    expect(certifier.onVote(voteBy(2, own), [])).toBeUndefined()
    expect(certifier.onVote(voteBy(1, own), [])?.signatures).toHaveLength(3)
  })

  test('certifies itself in a committee of one', () => {
    sketch = new Sketch(committeeOf(1)).full(1, 2)
    build()
    expect(certifier.certifyAlone([])).toBeUndefined()
    certifier.propose(round(3), [], now, [])
    expect(certifier.certifyAlone([])?.signatures).toHaveLength(1)
    expect(certifier.certifyAlone([])).toBeUndefined()
  })
})

describe('sending again', () => {
  test('nothing before the first proposal', () => {
    const out: BullsharkEffect[] = []
    certifier.resend(out)
    expect(out).toEqual([])
    expect(certifier.missingVoters()).toEqual([])
    expect(certifier.openVoteOf(replica(1))).toBeUndefined()
    expect(certifier.onVote(voteBy(1, header()), out)).toBeUndefined()
  })

  test('the header to those whose vote is missing, the certificate to all', () => {
    const { header: own } = certifier.propose(round(3), [], now, [])
    certifier.onVote(voteBy(1, own), [])
    const headers: BullsharkEffect[] = []
    certifier.resend(headers)
    expect(only(headers, 'send').map(send => send.to)).toEqual([peerAt(2), peerAt(3)])
    certifier.onVote(voteBy(2, own), [])
    const certificates: BullsharkEffect[] = []
    certifier.resend(certificates)
    expect(certificates.map(effect => effect.type)).toEqual(['count', 'broadcast'])
  })

  test('after a restart: the last own header is completed, never replaced', () => {
    const { header: own } = certifier.propose(round(3), [], now, [])
    const restarted = new Certifier(parts, record)
    restarted.reopenProposal()
    expect(restarted.proposal?.signed.header).toBe(own)
    expect(restarted.highestHeaderSeen).toBe(3)
    restarted.adoptCertificate(certify(header(), [0, 1, 2]))
    expect(restarted.proposal?.certificate).toBeUndefined()
    const elsewhere = certify(own, [0, 1, 2])
    restarted.adoptCertificate(elsewhere)
    expect(restarted.proposal?.certificate).toBe(elsewhere)
  })

  test('an observer has nothing to reopen', () => {
    certifier.propose(round(3), [], now, [])
    const observer = new Certifier(partsOf({ self: undefined }), record)
    observer.reopenProposal()
    expect(observer.proposal).toBeUndefined()
  })
})
