import { createHash } from 'node:crypto'
import {
  ascii,
  type CommitIndex,
  type Digest,
  type Epoch,
  type Hash,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Round,
  type Sign,
  type VerifySignature
} from '@novacron/base'
import {
  type Batch,
  type BatchReference,
  batchHeaderBytes,
  batchOf,
  type CommittedSubDag,
  Committee,
  genesisCommitDigest,
  makeSubDag,
  type SigningDomain,
  type SubDagFields,
  writeBatchHeader
} from '@novacron/consensus'
import {
  type Checkpoint,
  type CheckpointCertificate,
  checkpointSigningBytes,
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  kvApplication
} from '@novacron/execution'

export const hash: Hash = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
export const epoch = 0 as Epoch
export const domain: SigningDomain = {
  protocolVersion: 1,
  chain: 'ab'.repeat(32) as Digest,
  epoch
}
export const at = (ms: number): Millis => ms as Millis
export const indexOf = (index: number): CommitIndex => index as CommitIndex
export const replicaOf = (seat: number): ReplicaId => seat as ReplicaId
export const peerAt = (seat: number): PeerId => `peer-${seat}` as PeerId
export const digestOfText = (text: string): Digest =>
  createHash('sha256').update(text).digest('hex') as Digest

export const keyOf = (seat: number): Uint8Array => new Uint8Array(32).fill(seat + 1)

/** Stand-in for Ed25519: only who holds the key gives these 64 bytes, as long as nobody else calls it. */
function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = hash(new Uint8Array([...publicKey, ...message]))
  return new Uint8Array([...half, ...hash(half)])
}
export const signerOf =
  (seat: number): Sign =>
  message =>
    signatureOf(keyOf(seat), message)
export const verify: VerifySignature = (publicKey, message, signature) =>
  Buffer.compare(signatureOf(publicKey, message), signature) === 0

export const four: Committee = new Committee(
  [0, 1, 2, 3].map(seat => ({ peer: peerAt(seat), publicKey: keyOf(seat), weight: 1 }))
)

/** A batch of these bytes, as author 0 makes it. */
export function batch(transactions: Uint8Array, sequence = 0): Batch {
  const bytes = new Uint8Array(batchHeaderBytes + transactions.length)
  const header = { epoch, author: replicaOf(0), sequence, createdAt: at(0), transactionCount: 1 }
  writeBatchHeader(bytes, header)
  bytes.set(transactions, batchHeaderBytes)
  return batchOf(bytes, hash)
}

export const referenceOf = ({ digest, bytes }: Batch): BatchReference => ({
  digest,
  sizeBytes: bytes.length
})

/** The commit after `before` with this payload, in one vertex. */
export function commitAfter(
  before: CommittedSubDag | undefined,
  payload: readonly BatchReference[] = [],
  fields: Partial<SubDagFields> = {}
): CommittedSubDag {
  const index = (before?.index ?? 0) + 1
  const anchor = {
    round: (index * 2) as Round,
    author: replicaOf(index % 4),
    digest: digestOfText(`v${index}`)
  }
  const made = {
    epoch,
    index: indexOf(index),
    anchor,
    timestamp: at(1_000 + index),
    previous: before?.digest ?? genesisCommitDigest,
    vertices: [{ ...anchor, payload }],
    scores: [],
    ...fields
  }
  return makeSubDag(made, domain, hash)
}

/** A chain of commits from the first, each with the payload that `payloadAt` gives. */
export function commitChain(
  count: number,
  payloadAt: (index: number) => readonly BatchReference[] = () => []
): CommittedSubDag[] {
  const chain: CommittedSubDag[] = []
  for (let i = 1; i <= count; i++) chain.push(commitAfter(chain.at(-1), payloadAt(i)))
  return chain
}

export function checkpointAt(index: number, fields: Partial<Checkpoint> = {}): Checkpoint {
  return {
    chain: domain.chain,
    epoch,
    index: indexOf(index),
    commitDigest: digestOfText(`commit ${index}`),
    stateRoot: digestOfText(`state ${index}`),
    sessionRoot: digestOfText(`sessions ${index}`),
    ...fields
  }
}

export function certificateOf(
  checkpoint: Checkpoint,
  seats: readonly number[] = [0, 1, 2]
): CheckpointCertificate {
  const message = checkpointSigningBytes(checkpoint)
  const signatures = seats.map(seat => ({
    replica: replicaOf(seat),
    signature: signerOf(seat)(message)
  }))
  return { checkpoint, signatures }
}

/** Asks for a session; what it will be is in the result of the commit. */
export const openOf = (nonce: number): Uint8Array =>
  encodeSessionOpen({ nonce: new Uint8Array(16).fill(nonce) })

export function putOf(session: Uint8Array, sequence: number, key: string, value: string) {
  const operation = { type: 'put', key: ascii(key), value: ascii(value) } as const
  const payload = encodeKvOperation(operation)
  return encodeEnvelope({ application: kvApplication, session, sequence, payload })
}

/** The effects of one type, narrowed. */
export function only<E extends { readonly type: string }, T extends E['type']>(
  effects: readonly E[],
  type: T
): Extract<E, { readonly type: T }>[] {
  return effects.filter((e): e is Extract<E, { readonly type: T }> => e.type === type)
}
