import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { Fault, type ReplicaId, Writer } from '@novacron/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CheckpointCertificate,
  type CheckpointMember,
  checkpointBytes,
  checkpointCodec,
  checkpointSignersMax,
  checkpointSigningBytes,
  decodeCertificate,
  decodeCheckpoint,
  encodeCertificate,
  encodeCheckpoint,
  isSameCheckpoint,
  verifyCheckpointCertificate,
  writeCheckpoint
} from '../src/index.ts'
import { Chain, digestAt, replica } from './fixtures.ts'

const { checkpoint } = new Chain().executor.takeCheckpoint(0 as never)
const keys = [0, 1, 2, 3].map(() => generateKeyPairSync('ed25519'))
const members = keys.map(({ publicKey }, i): CheckpointMember & { readonly key: KeyObject } => ({
  publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  weight: i === 3 ? 2 : 1,
  key: publicKey
}))
const memberOf = (seat: ReplicaId) => members[seat]
const check = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const member = members.find(known => known.publicKey === publicKey)
  return member !== undefined && verify(null, message, member.key, signature)
}
const signedBy = (...seats: number[]): CheckpointCertificate => ({
  checkpoint,
  signatures: seats.map(seat => ({
    replica: replica(seat),
    signature: new Uint8Array(
      sign(null, checkpointSigningBytes(checkpoint), keys[seat % 4]!.privateKey)
    )
  }))
})

describe('a checkpoint', () => {
  test('comes back as it went, in a fixed length', () => {
    expect(encodeCheckpoint(checkpoint)).toHaveLength(checkpointBytes)
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
    expect(() => decodeCheckpoint(new Uint8Array(145))).toThrow('trailing-bytes')
  })

  test('is signed under a tag of its own, and every field counts', () => {
    expect(Buffer.from(checkpointSigningBytes(checkpoint)).toString('latin1')).toContain(
      'novacron/checkpoint/1'
    )
    for (const change of [
      { chain: digestAt(1) },
      { epoch: 1 as never },
      { index: 1 as never },
      { commitDigest: digestAt(1) },
      { stateRoot: digestAt(1) },
      { sessionRoot: digestAt(1) }
    ]) {
      const other = { ...checkpoint, ...change }
      expect(checkpointSigningBytes(other)).not.toEqual(checkpointSigningBytes(checkpoint))
      expect(isSameCheckpoint(other, checkpoint)).toBe(false)
    }
    expect(isSameCheckpoint({ ...checkpoint }, checkpoint)).toBe(true)
  })
})

describe('a certificate', () => {
  const holds = (certificate: CheckpointCertificate, quorum = 4) =>
    verifyCheckpointCertificate(certificate, memberOf, quorum, check)

  test('holds at the weight of a quorum and not below', () => {
    expect(holds(signedBy(0, 1, 3))).toBe(true)
    expect(holds(signedBy(0, 1, 2))).toBe(false)
    expect(holds(signedBy(0, 1, 2), 3)).toBe(true)
  })

  test.each([
    { name: 'a signer twice', certificate: signedBy(0, 3, 3) },
    { name: 'signers out of order', certificate: signedBy(3, 0, 1) },
    { name: 'an unknown signer', certificate: signedBy(0, 1, 3, 4) },
    {
      name: 'a signature of another state',
      certificate: { ...signedBy(0, 1, 3), checkpoint: { ...checkpoint, stateRoot: digestAt(7) } }
    },
    {
      name: 'one broken signature of many',
      certificate: {
        checkpoint,
        signatures: signedBy(0, 1, 2, 3).signatures.with(2, {
          replica: replica(2),
          signature: new Uint8Array(64)
        })
      }
    }
  ])('does not hold with $name', ({ certificate }) => {
    expect(holds(certificate)).toBe(false)
  })

  test('comes back as it went', () => {
    const certificate = signedBy(0, 2, 3)
    expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate)
  })

  test('has one encoding: signers ascend, and there are not too many', () => {
    expect(() => decodeCertificate(encodeCertificate(signedBy(2, 1)))).toThrow('signer order')
    expect(() => decodeCertificate(encodeCertificate(signedBy(1, 1)))).toThrow('signer order')
    const writer = new Writer()
    writeCheckpoint(writer, checkpoint)
    const tooMany = writer.u16(checkpointSignersMax + 1).finish()
    expect(() => decodeCertificate(tooMany)).toThrow('too-long')
  })
})

describe('messages about checkpoints', () => {
  const vote = { checkpoint, ...signedBy(1).signatures[0]! }
  const messages = [
    { type: 'checkpoint-vote', vote },
    { type: 'checkpoint-certificate', certificate: signedBy(0, 1, 2) }
  ] as const

  test.each(messages)('$type comes back as it went', message => {
    expect(checkpointCodec.decode(checkpointCodec.encode(message))).toEqual(message)
  })

  test('whatever a stranger sends is a message or a fault', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.constantFrom(...messages), fc.nat(), fc.nat(255)).map(([message, at, byte]) => {
        const frame = checkpointCodec.encode(message).slice()
        frame[at % frame.length] = byte
        return frame
      })
    )
    fc.assert(
      fc.property(bytes, frame => {
        try {
          expect(checkpointCodec.encode(checkpointCodec.decode(frame))).toEqual(frame)
        } catch (error) {
          if (!(error instanceof Fault)) throw error
        }
      })
    )
  })
})
