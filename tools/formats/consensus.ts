import {
  type CommitIndex,
  type Epoch,
  type Millis,
  Reader,
  type ReplicaId,
  Writer
} from '@novacron/base'
import {
  type BullsharkMessage,
  batchOf,
  bullsharkCodec,
  decodeEntry,
  decodeSubDag,
  encodeEntry,
  encodeSubDag,
  type MempoolMessage,
  mempoolCodec,
  readCertificate,
  readHeader,
  readSignedHeader,
  readVote,
  type SingleLeaderMessage,
  singleLeaderCodec,
  writeCertificate,
  writeHeader,
  writeSignedHeader,
  writeVote
} from '@novacron/consensus'
import fc from 'fast-check'
import {
  certificates,
  digests,
  headers,
  rounds,
  signedHeaders,
  subDags,
  votes
} from '../../packages/consensus/test/dag/objects.ts'
import { domain, hash } from '../../packages/consensus/test/fixtures.ts'
import { type Format, format } from './format.ts'

const epoch = fc.maxSafeNat().map(value => value as Epoch)
const index = fc.maxSafeNat().map(value => value as CommitIndex)
const some = fc.array(certificates, { maxLength: 2 })
const constant = <T extends string>(type: T) => fc.constant(type)

const messages: fc.Arbitrary<BullsharkMessage> = fc.oneof(
  fc.record({ type: constant('header'), signed: signedHeaders }),
  fc.record({ type: constant('vote'), vote: votes }),
  fc.record({ type: constant('certificate'), certificate: certificates }),
  fc.record({ type: constant('pull'), epoch, digests: fc.array(digests, { maxLength: 3 }) }),
  fc.record({ type: constant('pulled'), epoch, certificates: some }),
  fc.record({ type: constant('catch-up'), epoch, fromIndex: index, fromRound: rounds }),
  fc.record({
    type: constant('caught-up'),
    epoch,
    fromIndex: index,
    lowest: index,
    head: index,
    certificates: some
  }),
  fc.record({ type: constant('ask-own-round'), epoch, nonce: fc.maxSafeNat() }),
  fc.record({
    type: constant('own-round'),
    epoch,
    nonce: fc.maxSafeNat(),
    certificates: some,
    header: signedHeaders,
    vote: votes
  })
)

const mempoolMessages: fc.Arbitrary<MempoolMessage> = fc.oneof(
  fc.record({ type: constant('pull-batches'), digests: fc.array(digests, { maxLength: 4 }) }),
  fc
    .uint8Array({ maxLength: 100 })
    .map((bytes): MempoolMessage => ({ type: 'batch', batch: batchOf(bytes, hash) }))
)

/** What stands alone on the disk under a key of its own. */
function row<T>(
  name: string,
  homes: readonly string[],
  values: fc.Arbitrary<T>,
  write: (writer: Writer, value: T) => void,
  read: (reader: Reader) => T
): Format {
  return format({
    name,
    homes,
    values,
    encode(value) {
      const writer = new Writer()
      write(writer, value)
      return writer.finish()
    },
    decode(bytes) {
      const reader = new Reader(bytes)
      const value = read(reader)
      reader.end()
      return value
    }
  })
}

const term = fc.maxSafeNat()
const references = fc.array(
  fc.record({ digest: digests, sizeBytes: fc.nat({ max: 0xff_ff_ff_ff }) }),
  { maxLength: 3 }
)
const entries = fc.record({
  index,
  term,
  leader: fc.nat({ max: 1_023 }).map(value => value as ReplicaId),
  createdAt: fc.maxSafeNat().map(value => value as Millis),
  payload: references
})
const appends = fc
  .record({
    type: constant('append'),
    term,
    previousIndex: fc.nat().map(value => value as CommitIndex),
    previousTerm: term,
    commitIndex: index,
    entries: fc.array(entries, { maxLength: 3 })
  })
  .map(append => ({
    ...append,
    entries: append.entries.map((entry, at) => ({
      ...entry,
      index: (append.previousIndex + at + 1) as CommitIndex
    }))
  }))
const singleLeaderMessages: fc.Arbitrary<SingleLeaderMessage> = fc.oneof(
  fc.record({
    type: constant('request-vote'),
    term,
    lastIndex: index,
    lastTerm: term,
    isTrial: fc.boolean()
  }),
  fc.record({ type: constant('vote'), term, isTrial: fc.boolean() }),
  appends,
  fc.record({
    type: constant('appended'),
    term,
    answer: fc.constantFrom('match' as const, 'gap' as const),
    index
  }),
  fc.record({ type: constant('forward'), batches: references }),
  fc.record({ type: constant('forgotten'), term, lowest: index })
)

const dag = 'packages/consensus/src/dag'
const bullshark = 'packages/consensus/src/bullshark'
const singleLeader = 'packages/consensus/src/single-leader'
const reconcile = 'packages/node/src/assembly/reconcile.ts'

export const consensusFormats: readonly Format[] = [
  row('header', [`${dag}/header.ts`], headers, writeHeader, reader =>
    readHeader(reader, domain, hash)
  ),
  row(
    'signed header',
    [`${bullshark}/restorer.ts`, `${bullshark}/signed-record.ts`, reconcile],
    signedHeaders,
    writeSignedHeader,
    reader => readSignedHeader(reader, domain, hash)
  ),
  row('vote', [`${bullshark}/signed-record.ts`], votes, writeVote, readVote),
  row(
    'certificate',
    [`${bullshark}/catch-up.ts`, `${bullshark}/restorer.ts`, reconcile],
    certificates,
    writeCertificate,
    reader => readCertificate(reader, domain, hash)
  ),
  format({
    name: 'committed sub-DAG',
    homes: [`${dag}/sub-dag.ts`],
    values: subDags,
    encode: encodeSubDag,
    decode: bytes => decodeSubDag(bytes, domain, hash)
  }),
  format({
    name: 'bullshark message',
    homes: [`${bullshark}/messages.ts`],
    values: messages,
    ...bullsharkCodec(domain, hash)
  }),
  format({
    name: 'mempool message',
    homes: ['packages/consensus/src/mempool/messages.ts'],
    values: mempoolMessages,
    ...mempoolCodec(hash)
  }),
  format({
    name: 'entry of a single leader',
    homes: [`${singleLeader}/entry.ts`],
    values: entries,
    encode: encodeEntry,
    decode: decodeEntry
  }),
  format({
    name: 'single-leader message',
    homes: [`${singleLeader}/messages.ts`],
    values: singleLeaderMessages,
    ...singleLeaderCodec
  })
]
