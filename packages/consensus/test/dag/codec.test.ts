import { AssertionError, type DecodeFault, Fault, Reader, type Round, Writer } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { committeeSizeMax } from '../../src/committee.ts'
import { encodeCertificate } from '../../src/dag/certificate.ts'
import { encodeSignedHeader } from '../../src/dag/header.ts'
import {
  decodeSubDag,
  encodeSubDag,
  genesisCommitDigest,
  type HeaderFields,
  headerBatchesMax,
  makeHeader,
  makeSubDag,
  readCertificate,
  readHeader,
  subDagVerticesMax,
  writeCertificate,
  writeHeader,
  writeSignedHeader
} from '../../src/index.ts'
import { batch, certify, digest, domain, hash, header, replica } from '../fixtures.ts'
import { subDag } from '../sub-dags.ts'

/** The fault that reading gives; fails when there is none. */
function faultOf(read: () => unknown): DecodeFault {
  try {
    read()
  } catch (error) {
    if (error instanceof Fault) return error.facts as DecodeFault
    throw error
  }
  throw new Error('read without a fault')
}

function readWritten(fields: HeaderFields) {
  const writer = new Writer()
  writeHeader(writer, fields)
  return () => readHeader(new Reader(writer.finish()), domain, hash)
}

const parent = (author: number) => ({ author: replica(author), digest: digest(author) })
const [low, high] = [batch('a'), batch('b')].sort((a, b) => (a.digest < b.digest ? -1 : 1)) as [
  ReturnType<typeof batch>,
  ReturnType<typeof batch>
]

describe('a list has one order', () => {
  test.each([
    { name: 'parents out of order', field: 'parents', change: { parents: [parent(2), parent(1)] } },
    { name: 'a parent twice', field: 'parents', change: { parents: [parent(1), parent(1)] } }
  ])('$name is refused', ({ field, change }) => {
    expect(faultOf(readWritten({ ...header(), ...change }))).toEqual({
      code: 'bad-value',
      field,
      value: 'not ascending'
    })
  })

  test('a batch twice is refused', () => {
    expect(faultOf(readWritten({ ...header(), payload: [low, high, low] }))).toEqual({
      code: 'bad-value',
      field: 'payload',
      value: 'a batch twice'
    })
  })

  test('makeHeader puts parents in order, leaves payload in its own, and names a batch once', () => {
    const made = makeHeader(
      { ...header(), payload: [high, low, high], parents: [parent(2), parent(1)] },
      domain,
      hash
    )
    expect(made.payload).toEqual([high, low])
    expect(made.parents.map(entry => entry.author)).toEqual([1, 2])
    expect(readWritten(made)()).toEqual(made)
  })

  test('voters of a certificate stand in order, each once', () => {
    const certificate = certify(header(), [2, 0, 1])
    expect(certificate.signatures.map(entry => entry.voter)).toEqual([0, 1, 2])
    const [first, second] = certificate.signatures
    for (const signatures of [
      [second!, first!],
      [first!, first!]
    ]) {
      const writer = new Writer()
      writeCertificate(writer, { ...certificate, signatures })
      expect(
        faultOf(() => readCertificate(new Reader(writer.finish()), domain, hash))
      ).toMatchObject({ field: 'signatures' })
    }
  })
})

describe('counts beyond a limit are refused before anything is read', () => {
  const start = () => new Writer().u64(0).u64(1).u16(0).u64(5)
  test.each([
    {
      field: 'payload',
      max: headerBatchesMax,
      bytes: start()
        .u16(headerBatchesMax + 1)
        .finish()
    },
    {
      field: 'parents',
      max: committeeSizeMax,
      bytes: start()
        .u16(0)
        .u16(committeeSizeMax + 1)
        .finish()
    }
  ])('header: $field', ({ field, max, bytes }) => {
    expect(faultOf(() => readHeader(new Reader(bytes), domain, hash))).toEqual({
      code: 'too-long',
      field,
      length: max + 1,
      max
    })
  })

  test('certificate: signatures', () => {
    const writer = new Writer()
    writeHeader(writer, header())
    const bytes = writer.u16(0xffff).finish()
    expect(faultOf(() => readCertificate(new Reader(bytes), domain, hash))).toMatchObject({
      code: 'too-long',
      field: 'signatures'
    })
  })

  test('sub-DAG: the payload of a vertex, and scores', () => {
    const prefix = () =>
      new Writer()
        .u64(0)
        .u64(1)
        .u64(1)
        .digest(genesisCommitDigest)
        .u64(2)
        .u16(0)
        .digest(digest('a'))
    const payload = prefix().u16(1).u64(1).u16(0).digest(digest('v')).u16(0xffff).finish()
    expect(faultOf(() => decodeSubDag(payload, domain, hash))).toMatchObject({ field: 'payload' })
    const scores = prefix().u16(0).u16(0xffff).finish()
    expect(faultOf(() => decodeSubDag(scores, domain, hash))).toMatchObject({ field: 'scores' })
  })

  test('a sub-DAG that could not be read back is never made', () => {
    const [vertex] = subDag().vertices
    const vertices = new Array<typeof vertex>(subDagVerticesMax + 1).fill(vertex) as never
    expect(() => makeSubDag({ ...subDag(), vertices }, domain, hash)).toThrow(AssertionError)
  })
})

test('numbers beyond 2^53 - 1 are refused', () => {
  const bytes = new Writer().u64(0).raw(new Uint8Array(8).fill(0xff)).finish()
  expect(faultOf(() => readHeader(new Reader(bytes), domain, hash)).code).toBe('u64-unsafe')
  expect(readWritten({ ...header(), round: Number.MAX_SAFE_INTEGER as Round })()).toMatchObject({
    round: Number.MAX_SAFE_INTEGER
  })
})

test('who certified a vertex does not change what it is, its header does', () => {
  const value = header()
  expect(certify(value, [0, 1, 2]).digest).toBe(certify(value, [1, 2, 3]).digest)
  expect(certify(header({ createdAt: value.createdAt }), [0]).digest).toBe(
    certify(value, [1]).digest
  )
  expect(certify(header({ payload: [low] }), [0]).digest).not.toBe(certify(value, [0]).digest)
})

test('a commit that was changed shows another digest', () => {
  const commit = subDag()
  const bytes = encodeSubDag(commit).slice()
  // The last byte of the timestamp, behind epoch and index.
  bytes[23]! ^= 1
  const changed = decodeSubDag(bytes, domain, hash)
  expect(changed.digest).not.toBe(commit.digest)
})

test('what is encoded once stays the same bytes, and those are the canonical ones', () => {
  const certificate = certify(header(), [0, 1, 2])
  const signed = { header: header(), signature: new Uint8Array(64).fill(5) }
  for (const [encode, write] of [
    [() => encodeCertificate(certificate), (w: Writer) => writeCertificate(w, certificate)],
    [() => encodeSignedHeader(signed), (w: Writer) => writeSignedHeader(w, signed)]
  ] as const) {
    const writer = new Writer()
    write(writer)
    expect(encode()).toEqual(writer.finish())
    expect(encode()).toBe(encode())
  }
  const commit = subDag()
  expect(encodeSubDag(commit)).toBe(encodeSubDag(commit))
  expect(encodeSubDag({ ...commit })).toEqual(encodeSubDag(commit))
})
