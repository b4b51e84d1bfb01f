import { type Digest, type Epoch, type ReplicaId, type Round, toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  domainOf,
  domainWriter,
  type Header,
  headerId,
  headerSigningBytes,
  makeSubDag,
  type ObjectKind,
  type SigningDomain,
  subjectOf,
  vertexDigest,
  voteSigningBytes
} from '../src/index.ts'
import { domain, hash, header } from './fixtures.ts'
import { subDag } from './sub-dags.ts'

const value = header()
const kinds: ObjectKind[] = ['header', 'vertex', 'vote', 'head', 'commit', 'schedule']

const others: { name: string; under: SigningDomain }[] = [
  { name: 'another chain', under: { ...domain, chain: 'cd'.repeat(32) as Digest } },
  { name: 'another epoch', under: { ...domain, epoch: 1 as Epoch } },
  { name: 'another protocol version', under: { ...domain, protocolVersion: 2 } }
]

const objects: { name: string; bytes: (under: SigningDomain) => string }[] = [
  { name: 'a header', bytes: under => toHex(headerSigningBytes(value, under)) },
  { name: 'a header id', bytes: under => headerId(value, under, hash) },
  { name: 'a vote', bytes: under => toHex(voteSigningBytes(subjectOf(value), under)) },
  { name: 'a vertex digest', bytes: under => vertexDigest(subjectOf(value), under, hash) },
  { name: 'a commit', bytes: under => makeSubDag(subDag(), under, hash).digest }
]

describe.each(others)('under $name', ({ under }) => {
  test.each(objects)('$name has other bytes', ({ bytes }) => {
    expect(bytes(under)).not.toBe(bytes(domain))
    expect(bytes({ ...under })).toBe(bytes(under))
  })
})

test('every kind of object starts with other bytes, and none is the start of another', () => {
  const starts = kinds.map(kind => toHex(domainWriter(kind, domain).finish()))
  for (const [i, start] of starts.entries()) {
    for (const [j, other] of starts.entries()) {
      if (i !== j) expect(other.startsWith(start), `${kinds[i]} and ${kinds[j]}`).toBe(false)
    }
  }
})

test('what an author signs its header with is its vote for it, and no vote for another', () => {
  const vote = (of: Header) => toHex(voteSigningBytes(subjectOf(of), domain))
  expect(toHex(headerSigningBytes(value, domain))).toBe(vote(value))
  for (const fields of [{ round: 2 as Round }, { author: 1 as ReplicaId }]) {
    expect(vote(header(fields))).not.toBe(vote(value))
    const subject = { ...subjectOf(value), ...fields }
    expect(toHex(voteSigningBytes(subject, domain))).not.toBe(vote(value))
  }
})

test('a vote and the vertex it certifies never have the same bytes', () => {
  expect(toHex(hash(voteSigningBytes(subjectOf(value), domain)))).not.toBe(
    vertexDigest(subjectOf(value), domain, hash)
  )
})

test('the domain of this epoch is the very same, that of another is not', () => {
  expect(domainOf(domain.epoch, domain)).toBe(domain)
  expect(domainOf(7 as Epoch, domain)).toEqual({ ...domain, epoch: 7 })
})
