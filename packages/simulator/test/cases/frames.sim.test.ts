import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  accepted,
  ascii,
  digestOf,
  Fault,
  type Millis,
  Prng,
  type ReplicaId,
  type Round,
  toVerified
} from '@novacron/base'
import {
  type BullsharkMessage,
  bullsharkCodec,
  headerSigningBytes,
  type MessageCodec,
  makeCertificate,
  makeHeader,
  type SigningDomain,
  subjectOf,
  voteSigningBytes
} from '@novacron/consensus'
import { type ReplicaMessage, replicaCodec } from '@novacron/replica'
import { describe, expect, test } from 'vitest'
import { DagBuilder } from '../../src/index.ts'
import { SimulatedKeys } from '../../src/keys.ts'
import { sha256 } from '../hash.ts'
import { seeds } from '../seeds.ts'
import { type Replica, seatedReplica } from './seated.ts'

type Codec = MessageCodec<ReplicaMessage<BullsharkMessage>>

const builder = new DagBuilder(4, sha256)
const keys = new SimulatedKeys(4, 0, sha256)
const seated = (): Replica => seatedReplica(builder)
const from = builder.committee.peerOf(builder.replica(1))
const codecOf = (domain: SigningDomain): Codec =>
  replicaCodec(bullsharkCodec(domain, sha256), sha256)
const codec = codecOf(builder.domain)

/** How far bytes from a member come: each word is a wall that held, `entered` that none did. */
function fateOf(
  bytes: Uint8Array,
  replica: Replica
): 'fault' | 'screened' | 'unsigned' | 'entered' {
  let message: ReplicaMessage<BullsharkMessage>
  try {
    message = codec.decode(bytes)
  } catch (error) {
    if (error instanceof Fault) return 'fault'
    throw error
  }
  if (replica.screen(from, message).type !== 'accept') return 'screened'
  const checks = replica.signaturesOf(message)
  if (!checks.every(check => keys.verify(check))) return 'unsigned'
  if (message.layer === 'order') return 'entered'
  // A batch is signed by the header that names it: what is not one is found while it is taken in.
  const event = { type: 'received', from, message: toVerified(message) } as const
  const effects = replica.step(event, 1_000 as Millis)
  return effects.some(({ type }) => type === 'store-batch') ? 'entered' : 'screened'
}

/** A header, a vote and a certificate of round 1, well signed for that domain. */
function signedFor(domain: SigningDomain): readonly ReplicaMessage<BullsharkMessage>[] {
  const author = 1 as ReplicaId
  const { epoch } = domain
  const fields = {
    epoch,
    round: 1 as Round,
    author,
    createdAt: 900 as Millis,
    payload: [],
    parents: []
  }
  const header = makeHeader(fields, domain, sha256)
  const subject = voteSigningBytes(subjectOf(header), domain)
  const signatures = [0, 1, 2].map(voter => ({
    voter: voter as ReplicaId,
    signature: keys.signer(voter)(subject)
  }))
  const signed = { header, signature: keys.signer(author)(headerSigningBytes(header, domain)) }
  const vote = {
    epoch,
    round: header.round,
    author,
    headerId: header.id,
    voter: author,
    signature: keys.signer(author)(subject)
  }
  const certificate = makeCertificate(header, signatures, domain, sha256)
  const messages: readonly BullsharkMessage[] = [
    { type: 'header', signed },
    { type: 'vote', vote },
    { type: 'certificate', certificate }
  ]
  return messages.map(message => ({ layer: 'order', message }))
}

const foreign: SigningDomain = {
  ...builder.domain,
  chain: digestOf(sha256, ascii('another genesis'))
}
const genuine = signedFor(builder.domain).map(message => codec.encode(message))

const flipped = (bytes: Uint8Array, prng: Prng): Uint8Array => {
  const spoilt = bytes.slice()
  const bit = prng.below(8 * bytes.length)
  spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7))
  return spoilt
}
const random = (length: number, prng: Prng): Uint8Array =>
  Uint8Array.from({ length }, () => prng.below(256))

describe('case 12 (snarkOS #2876, Telcoin #441, #788): bytes that no honest member sends', () => {
  test('what is well signed for this chain enters, so that the walls below are not a closed door', () => {
    const replica = seated()
    const [header, , certificate] = genuine.map(bytes => fateOf(bytes, replica))
    expect([header, certificate]).toEqual(['entered', 'entered'])
  })

  test('what is well signed by members for another genesis does not', () => {
    const replica = seated()
    for (const message of signedFor(foreign)) {
      const bytes = codecOf(foreign).encode(message)
      expect(fateOf(bytes, replica), message.message.type).not.toBe('entered')
    }
  })

  test.each(seeds(10))('seed %i: one flipped bit, a cut, a tail or random bytes do not', seed => {
    const replica = seated()
    const prng = new Prng(seed)
    for (const bytes of genuine) {
      for (let i = 0; i < 100; i++) {
        expect(fateOf(flipped(bytes, prng), replica)).not.toBe('entered')
        expect(fateOf(bytes.slice(0, prng.below(bytes.length)), replica)).toBe('fault')
        const tail = Uint8Array.of(...bytes, ...random(1 + prng.below(9), prng))
        expect(fateOf(tail, replica)).toBe('fault')
      }
    }
    for (let i = 0; i < 200; i++) {
      // Of a layer and a kind that exist: others end at their first byte.
      const bytes = random(2 + prng.below(600), prng)
      bytes[0] = 0
      bytes[1] = prng.below(9)
      if (bytes[1] > 2) bytes[1] = prng.below(3)
      expect(fateOf(bytes, replica)).not.toBe('entered')
    }
  })

  test('a replica that checks nothing lets them in', () => {
    const open = Object.assign(seated(), { screen: () => accepted, signaturesOf: () => [] })
    const fates = signedFor(foreign).map(message => fateOf(codecOf(foreign).encode(message), open))
    expect(fates).toContain('entered')
  })
})

describe('case 12: memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heldBytes = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const spoilt = (count: number): Uint8Array[] => {
    const prng = new Prng(12)
    return Array.from({ length: count }, (_, at) => {
      const bytes = genuine[at % genuine.length] as Uint8Array
      if (at % 2 === 0) return flipped(bytes, prng)
      return bytes.slice(0, prng.below(bytes.length))
    })
  }

  test('a hundred thousand spoilt frames leave nothing behind', () => {
    const replica = seated()
    const frames = spoilt(1_000)
    const send = (count: number) => {
      for (let i = 0; i < count; i++) fateOf(frames[i % frames.length] as Uint8Array, replica)
    }
    // What the engine keeps of the code itself comes first.
    send(20_000)
    collect()
    const { heapUsed } = process.memoryUsage()
    send(100_000)
    collect()
    expect(process.memoryUsage().heapUsed - heapUsed).toBeLessThan(1_048_576)
  })

  /** What one decode takes: so much for each byte of its input, and a fixed rest. */
  const takenBytes = (bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): number => {
    const before = heldBytes()
    let value: unknown
    try {
      value = decode(bytes)
    } catch (error) {
      value = error
    }
    const after = heldBytes()
    // Still in use here, so that it is counted.
    return value === before ? 0 : after - before
  }
  const factor = 64
  const restBytes = 2_097_152

  test('a frame that promises more than it holds costs memory by its own length', () => {
    for (const bytes of genuine) {
      for (let at = 2; at < bytes.length; at++) {
        const bomb = bytes.slice()
        bomb.fill(0xff, at, at + 4)
        const taken = takenBytes(bomb, each => codec.decode(each))
        expect(taken, `byte ${at}`).toBeLessThan(factor * bomb.length + restBytes)
      }
    }
    const believing = (bytes: Uint8Array) => new Uint8Array((bytes[0] as number) << 20)
    expect(takenBytes(Uint8Array.of(255), believing)).toBeGreaterThan(factor + restBytes)
  })
})
