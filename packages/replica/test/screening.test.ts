import type { Digest, Epoch } from '@novacron/base'
import { Writer } from '@novacron/base'
import {
  type Header,
  type HeaderFields,
  headerSigningBytes,
  makeHeader,
  writeSignedHeader
} from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import type { Evidence } from '../src/evidence.ts'
import { headSigningBytes } from '../src/head.ts'
import {
  checkpointCommittee,
  gossipChecks,
  layerChecks,
  screenGossip,
  screenLayer
} from '../src/screening.ts'
import {
  at,
  batch,
  certificateOf,
  checkpointAt,
  digestOfText,
  domain,
  epoch,
  four,
  hash,
  indexOf,
  keyOf,
  peerAt,
  replicaOf,
  signerOf,
  verify
} from './fixtures.ts'

const needs = { committee: four, domain, hash }
const isAllSigned = (checks: ReturnType<typeof gossipChecks>) =>
  checks.every(({ publicKey, message, signature }) => verify(publicKey, message, signature))

function head(fields: { replica?: number; epoch?: number } = {}) {
  const { replica = 1 } = fields
  const unsigned = {
    epoch: (fields.epoch ?? 0) as Epoch,
    index: indexOf(7),
    digest: digestOfText('commit'),
    replica: replicaOf(replica)
  }
  const signature = signerOf(replica)(headSigningBytes(unsigned, domain))
  return { topic: 'heads', head: { ...unsigned, signature } } as const
}

function headerOf(fields: Partial<HeaderFields> = {}): Header {
  const base = { epoch, round: 3, author: 1, createdAt: at(0), payload: [], parents: [] }
  return makeHeader({ ...(base as unknown as HeaderFields), ...fields }, domain, hash)
}

function signed(header: Header, by: number = header.author): Uint8Array {
  const writer = new Writer()
  const signature = signerOf(by)(headerSigningBytes(header, domain))
  writeSignedHeader(writer, { header, signature })
  return writer.finish()
}

function evidence(fields: Partial<Evidence> = {}) {
  const twice = [signed(headerOf()), signed(headerOf({ createdAt: at(1) }))]
  const made = { against: peerAt(1), kind: 'header-equivocation', objects: twice, ...fields }
  return { topic: 'evidence', evidence: made } as const
}

describe('heads', () => {
  test('of a member are taken, once its signature holds', () => {
    expect(screenGossip(head(), needs)).toEqual({ type: 'accept' })
    const checks = gossipChecks(head(), needs)
    expect(checks).toHaveLength(1)
    expect(checks[0]?.publicKey).toEqual(keyOf(1))
    expect(isAllSigned(checks)).toBe(true)
  })

  test.each(['index', 'digest', 'replica'] as const)('do not hold with another %s', field => {
    const forged = { index: indexOf(8), digest: digestOfText('x'), replica: replicaOf(2) }
    const message = { ...head(), head: { ...head().head, [field]: forged[field] } }
    expect(isAllSigned(gossipChecks(message, needs))).toBe(false)
  })

  test.each([
    { name: 'the last member', replica: 3, type: 'accept', code: undefined },
    { name: 'no member', replica: 4, type: 'reject', code: 'not-a-member' },
    { name: 'another epoch', replica: 1, epoch: 1, type: 'ignore', code: 'other-epoch' }
  ])('of $name: $type', ({ type, code, ...fields }) => {
    const verdict = screenGossip(head(fields), needs)
    expect(verdict.type).toBe(type)
    expect('fault' in verdict ? verdict.fault.code : undefined).toBe(code)
  })
})

describe('evidence', () => {
  test('of two headers for one slot is taken, once both signatures hold', () => {
    expect(screenGossip(evidence(), needs)).toEqual({ type: 'accept' })
    const checks = gossipChecks(evidence(), needs)
    expect(checks.map(({ publicKey }) => publicKey)).toEqual([keyOf(1), keyOf(1)])
    expect(isAllSigned(checks)).toBe(true)
  })

  test('that somebody else has signed does not hold', () => {
    const objects = [signed(headerOf()), signed(headerOf({ createdAt: at(1) }), 2)]
    const forged = evidence({ objects })
    expect(screenGossip(forged, needs).type).toBe('accept')
    expect(isAllSigned(gossipChecks(forged, needs))).toBe(false)
  })

  const one = signed(headerOf())
  const nothing = 'evidence-proves-nothing'
  const otherEpoch = (ms: number) => signed(headerOf({ epoch: 1 as Epoch, createdAt: at(ms) }))
  test.each([
    { name: 'of an unknown kind', fields: { kind: 'rumour' }, code: 'unknown-evidence' },
    { name: 'with one object', fields: { objects: [one] }, code: 'evidence-incomplete' },
    { name: 'without objects', fields: { objects: [] }, code: 'evidence-incomplete' },
    { name: 'of the same header twice', fields: { objects: [one, one] }, code: nothing },
    {
      name: 'of two rounds',
      fields: { objects: [one, signed(headerOf({ round: 4 as never }))] },
      code: nothing
    },
    {
      name: 'of two authors',
      fields: { objects: [one, signed(headerOf({ author: replicaOf(2) }))] },
      code: nothing
    },
    { name: 'against somebody else', fields: { against: peerAt(2) }, code: nothing },
    { name: 'against a stranger', fields: { against: peerAt(9) }, code: nothing },
    {
      name: 'of another epoch',
      fields: { objects: [otherEpoch(0), otherEpoch(1)] },
      code: nothing
    },
    {
      name: 'of bytes that are no header',
      fields: { objects: [one, new Uint8Array(9)] },
      code: 'evidence-malformed'
    },
    {
      name: 'with bytes behind a header',
      fields: { objects: [one, new Uint8Array([...one, 0])] },
      code: 'evidence-malformed'
    }
  ])('$name is rejected', ({ fields, code }) => {
    expect(screenGossip(evidence(fields), needs)).toEqual({ type: 'reject', fault: { code } })
  })

  test('an error of our own is no verdict', () => {
    const broken = () => {
      throw new TypeError('hash is broken')
    }
    expect(() => screenGossip(evidence(), { ...needs, hash: broken })).toThrow(TypeError)
  })
})

const foreign = 'cd'.repeat(32) as Digest
const certificates = [
  { name: 'a quorum', certificate: certificateOf(checkpointAt(5)), verdict: 'accept' },
  {
    name: 'everyone',
    certificate: certificateOf(checkpointAt(5), [0, 1, 2, 3]),
    verdict: 'accept'
  },
  {
    name: 'too few',
    certificate: certificateOf(checkpointAt(5), [0, 1]),
    verdict: 'signer-weight-short'
  },
  {
    name: 'an unknown signer',
    certificate: certificateOf(checkpointAt(5), [0, 1, 4]),
    verdict: 'unknown-signer'
  },
  {
    name: 'one signer three times',
    certificate: certificateOf(checkpointAt(5), [1, 1, 1]),
    verdict: 'unknown-signer'
  },
  {
    name: 'another chain',
    certificate: certificateOf(checkpointAt(5, { chain: foreign })),
    verdict: 'other-chain'
  },
  {
    name: 'another epoch',
    certificate: certificateOf(checkpointAt(5, { epoch: 1 as Epoch })),
    verdict: 'other-epoch'
  }
] as const
const codeOf = (verdict: ReturnType<typeof screenGossip>) =>
  'fault' in verdict ? verdict.fault.code : verdict.type

describe('checkpoint certificates', () => {
  test.each(certificates)('in gossip, with $name: $verdict', ({ certificate, verdict }) => {
    expect(codeOf(screenGossip({ topic: 'checkpoints', certificate }, needs))).toBe(verdict)
  })

  test.each(certificates)('in a manifest, with $name: $verdict', ({ certificate, verdict }) => {
    const manifest = { certificate, extraDigest: digestOfText('x'), extraBytes: 1 }
    const message = { layer: 'snapshot', message: { type: 'manifest', manifest } } as const
    expect(codeOf(screenLayer(message, needs))).toBe(verdict)
  })

  test('list each signature over the checkpoint, in gossip, in a manifest and from a peer', () => {
    const certificate = certificateOf(checkpointAt(5), [0, 2, 3])
    const manifest = { certificate, extraDigest: digestOfText('x'), extraBytes: 1 }
    const lists = [
      gossipChecks({ topic: 'checkpoints', certificate }, needs),
      layerChecks({ layer: 'snapshot', message: { type: 'manifest', manifest } }, needs),
      layerChecks(
        { layer: 'checkpoint', message: { type: 'checkpoint-certificate', certificate } },
        needs
      )
    ]
    for (const checks of lists) {
      expect(checks.map(({ publicKey }) => publicKey)).toEqual([keyOf(0), keyOf(2), keyOf(3)])
      expect(isAllSigned([...checks])).toBe(true)
    }
  })
})

describe('messages that are not the orderer’s', () => {
  test('a vote for a checkpoint is the business of its machine’s rules', () => {
    const checkpoint = checkpointAt(5)
    const vote = (seat: number) => ({
      layer: 'checkpoint' as const,
      message: {
        type: 'checkpoint-vote' as const,
        vote: { checkpoint, replica: replicaOf(seat), signature: new Uint8Array(64) }
      }
    })
    expect(screenLayer(vote(3), needs).type).toBe('accept')
    expect(codeOf(screenLayer(vote(4), needs))).toBe('unknown-replica')
    expect(layerChecks(vote(3), needs)).toHaveLength(1)
    expect(isAllSigned([...layerChecks(vote(3), needs)])).toBe(false)
  })

  test('batches and requests for snapshots carry no signature', () => {
    const bulk = { layer: 'mempool', message: { type: 'batch', batch: batch(new Uint8Array()) } }
    const request = { layer: 'snapshot', message: { type: 'get-manifest', above: indexOf(0) } }
    for (const message of [bulk, request] as Parameters<typeof screenLayer>[0][]) {
      expect(screenLayer(message, needs)).toEqual({ type: 'accept' })
      expect(layerChecks(message, needs)).toEqual([])
    }
  })

  test('the committee is shown with its quorum', () => {
    const committee = checkpointCommittee(needs)
    expect(committee).toMatchObject({ chain: domain.chain, epoch, quorumWeight: 3 })
    expect(committee.memberOf(replicaOf(3))?.weight).toBe(1)
    expect(committee.memberOf(replicaOf(4))).toBeUndefined()
  })
})
