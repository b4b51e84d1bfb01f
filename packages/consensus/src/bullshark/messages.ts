import {
  type CommitIndex,
  type Digest,
  decodeFault,
  type Epoch,
  type Hash,
  Reader,
  type Round,
  unreachable,
  Writer
} from '@novacron/base'
import {
  type Certificate,
  encodeCertificate,
  readCertificate,
  writeCertificate
} from '../dag/certificate.ts'
import {
  encodeSignedHeader,
  readSignedHeader,
  type SignedHeader,
  writeSignedHeader
} from '../dag/header.ts'
import { readVote, type Vote, writeVote } from '../dag/vote.ts'
import type { MessageCodec } from '../orderer.ts'
import type { SigningDomain } from '../signing.ts'

export type BullsharkMessage =
  | { readonly type: 'header'; readonly signed: SignedHeader }
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  /** Pull by digest: parents that are missing. */
  | { readonly type: 'pull'; readonly epoch: Epoch; readonly digests: readonly Digest[] }
  | {
      readonly type: 'pulled'
      readonly epoch: Epoch
      readonly certificates: readonly Certificate[]
    }
  /** Certificates of the commits from `fromIndex` on, then of the uncommitted tail. */
  | {
      readonly type: 'catch-up'
      readonly epoch: Epoch
      readonly fromIndex: CommitIndex
      /** Certificates below it are not wanted; 0 for all. */
      readonly fromRound: Round
    }
  | {
      readonly type: 'caught-up'
      readonly epoch: Epoch
      readonly fromIndex: CommitIndex
      /** Lowest commit that the sender still holds, and its newest. */
      readonly lowest: CommitIndex
      readonly head: CommitIndex
      /** Ascending by round. */
      readonly certificates: readonly Certificate[]
    }
  /** At every start: what is the highest round that I have signed, as far as you know? */
  | { readonly type: 'ask-own-round'; readonly epoch: Epoch; readonly nonce: number }
  | {
      readonly type: 'own-round'
      readonly epoch: Epoch
      readonly nonce: number
      /** The asker's newest header that is known here, voted for or not, with its signature. */
      readonly header?: SignedHeader
      /** The asker's vote for the header that is open here. */
      readonly vote?: Vote
      /** The newest by the asker, the newest that it voted for, and the newest of all; each once. */
      readonly certificates: readonly Certificate[]
    }

const kinds: readonly BullsharkMessage['type'][] = [
  'header',
  'vote',
  'certificate',
  'pull',
  'pulled',
  'catch-up',
  'caught-up',
  'ask-own-round',
  'own-round'
]

/** What any message may hold, whatever the options say; checked before anything is allocated. */
export const pullDigestsLimit = 256
export const certificatesLimit = 4_096

/** The wire form of each message: u8 kind, then its fields. */
export function bullsharkCodec(domain: SigningDomain, hash: Hash): MessageCodec<BullsharkMessage> {
  return {
    encode: message => encodeMessage(message),
    decode: bytes => {
      const reader = new Reader(bytes)
      const message = decodeMessage(reader, domain, hash)
      reader.end()
      return message
    }
  }
}

function encodeMessage(message: BullsharkMessage): Uint8Array {
  const writer = Writer.pooled(1_024).u8(kinds.indexOf(message.type))
  switch (message.type) {
    case 'header':
      writer.raw(encodeSignedHeader(message.signed))
      break
    case 'vote':
      writeVote(writer, message.vote)
      break
    case 'certificate':
      writer.raw(encodeCertificate(message.certificate))
      break
    case 'pull':
      writer.u64(message.epoch).list(message.digests, digest => writer.digest(digest))
      break
    case 'pulled':
      writer.u64(message.epoch)
      writeCertificates(writer, message.certificates)
      break
    case 'catch-up':
      writer.u64(message.epoch).u64(message.fromIndex).u64(message.fromRound)
      break
    case 'caught-up':
      writer.u64(message.epoch).u64(message.fromIndex).u64(message.lowest).u64(message.head)
      writeCertificates(writer, message.certificates)
      break
    case 'ask-own-round':
      writer.u64(message.epoch).u64(message.nonce)
      break
    case 'own-round':
      writer.u64(message.epoch).u64(message.nonce)
      writeOptional(writer, message.header, writeSignedHeader)
      writeOptional(writer, message.vote, writeVote)
      writeCertificates(writer, message.certificates)
      break
    default:
      return unreachable(message)
  }
  return writer.finish()
}

function decodeMessage(reader: Reader, domain: SigningDomain, hash: Hash): BullsharkMessage {
  const kind = reader.u8()
  const type = kinds[kind]
  switch (type) {
    case 'header':
      return { type, signed: readSignedHeader(reader, domain, hash) }
    case 'vote':
      return { type, vote: readVote(reader) }
    case 'certificate':
      return { type, certificate: readCertificate(reader, domain, hash) }
    case 'pull':
      return {
        type,
        epoch: readEpoch(reader),
        digests: reader.list('digests', pullDigestsLimit, r => r.digest())
      }
    case 'pulled':
      return {
        type,
        epoch: readEpoch(reader),
        certificates: readCertificates(reader, domain, hash)
      }
    case 'catch-up':
      return {
        type,
        epoch: readEpoch(reader),
        fromIndex: reader.u64() as CommitIndex,
        fromRound: reader.u64() as Round
      }
    case 'caught-up':
      return {
        type,
        epoch: readEpoch(reader),
        fromIndex: reader.u64() as CommitIndex,
        lowest: reader.u64() as CommitIndex,
        head: reader.u64() as CommitIndex,
        certificates: readCertificates(reader, domain, hash)
      }
    case 'ask-own-round':
      return { type, epoch: readEpoch(reader), nonce: reader.u64() }
    case 'own-round':
      return {
        type,
        epoch: readEpoch(reader),
        nonce: reader.u64(),
        ...readOptional('header', reader, r => readSignedHeader(r, domain, hash)),
        ...readOptional('vote', reader, readVote),
        certificates: readCertificates(reader, domain, hash)
      }
    default:
      throw decodeFault({ code: 'bad-value', field: 'bullshark message kind', value: `${kind}` })
  }
}

function writeOptional<T>(
  writer: Writer,
  value: T | undefined,
  write: (writer: Writer, value: T) => void
): void {
  writer.u8(value === undefined ? 0 : 1)
  if (value !== undefined) write(writer, value)
}

/** A flag byte and the field; nothing else than 0 and 1 is a flag. */
function readOptional<Name extends string, T>(
  name: Name,
  reader: Reader,
  read: (reader: Reader) => T
): { readonly [key in Name]?: T } {
  const flag = reader.u8()
  if (flag > 1) throw decodeFault({ code: 'bad-value', field: name, value: `flag ${flag}` })
  return (flag === 0 ? {} : { [name]: read(reader) }) as { readonly [key in Name]?: T }
}

function readEpoch(reader: Reader): Epoch {
  return reader.u64() as Epoch
}

function writeCertificates(writer: Writer, certificates: readonly Certificate[]): void {
  writer.list(certificates, certificate => writeCertificate(writer, certificate))
}

function readCertificates(reader: Reader, domain: SigningDomain, hash: Hash): Certificate[] {
  return reader.list('certificates', certificatesLimit, r => readCertificate(r, domain, hash))
}

/** The epoch a message belongs to, wherever it carries it. */
export function epochOf(message: BullsharkMessage): Epoch {
  switch (message.type) {
    case 'header':
      return message.signed.header.epoch
    case 'vote':
      return message.vote.epoch
    case 'certificate':
      return message.certificate.header.epoch
    default:
      return message.epoch
  }
}
