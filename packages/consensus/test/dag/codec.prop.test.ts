import { Reader, Writer } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeSubDag,
  encodeSubDag,
  readCertificate,
  readHeader,
  readSignedHeader,
  readVote,
  writeCertificate,
  writeHeader,
  writeSignedHeader,
  writeVote
} from '../../src/index.ts'
import { keepsCodecLaws } from '../codec-laws.ts'
import { domain, hash } from '../fixtures.ts'
import { certificates, headers, signedHeaders, subDags, votes } from './objects.ts'

function encodeWith<T>(write: (writer: Writer, value: T) => void) {
  return (value: T) => {
    const writer = new Writer()
    write(writer, value)
    return writer.finish()
  }
}

function decodeWith<T>(read: (reader: Reader) => T) {
  return (bytes: Uint8Array) => {
    const reader = new Reader(bytes)
    const value = read(reader)
    reader.end()
    return value
  }
}

keepsCodecLaws({
  name: 'header',
  values: headers,
  encode: encodeWith(writeHeader),
  decode: decodeWith(reader => readHeader(reader, domain, hash))
})

keepsCodecLaws({
  name: 'signed header',
  values: signedHeaders,
  encode: encodeWith(writeSignedHeader),
  decode: decodeWith(reader => readSignedHeader(reader, domain, hash))
})

keepsCodecLaws({
  name: 'vote',
  values: votes,
  encode: encodeWith(writeVote),
  decode: decodeWith(readVote)
})

keepsCodecLaws({
  name: 'certificate',
  values: certificates,
  encode: encodeWith(writeCertificate),
  decode: decodeWith(reader => readCertificate(reader, domain, hash))
})

keepsCodecLaws({
  name: 'committed sub-DAG',
  values: subDags,
  encode: encodeSubDag,
  decode: bytes => decodeSubDag(bytes, domain, hash)
})

test('two headers share an id only when they are equal', () => {
  fc.assert(
    fc.property(headers, headers, (a, b) => {
      expect(a.id === b.id).toBe(JSON.stringify(a) === JSON.stringify(b))
    })
  )
})
