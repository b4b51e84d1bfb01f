import {
  ascii,
  type CommitIndex,
  type Digest,
  decodeFault,
  type Epoch,
  Reader,
  type ReplicaId,
  type VerifySignature,
  Writer
} from '@novacron/base'

/** What a replica says its state is after the commit `index`. */
export interface Checkpoint {
  /** Digest of the genesis. */
  readonly chain: Digest
  readonly epoch: Epoch
  readonly index: CommitIndex
  readonly commitDigest: Digest
  readonly stateRoot: Digest
  readonly sessionRoot: Digest
}

export interface ReplicaSignature {
  readonly replica: ReplicaId
  /** Ed25519, 64 bytes, over `checkpointSigningBytes`. */
  readonly signature: Uint8Array
}

/** A checkpoint that a quorum has signed. */
export interface CheckpointCertificate {
  readonly checkpoint: Checkpoint
  /** Ascending by replica, each once. */
  readonly signatures: readonly ReplicaSignature[]
}

/** Chain, epoch, index, commit digest, state root, session root. */
export const checkpointBytes = 144
const signatureBytes = 64
/** Signers that a certificate may have; the size of the largest committee. */
export const checkpointSignersMax = 1_024

const signingTag = ascii('novacron/checkpoint/1')

export function writeCheckpoint(writer: Writer, checkpoint: Checkpoint): void {
  writer
    .digest(checkpoint.chain)
    .u64(checkpoint.epoch)
    .u64(checkpoint.index)
    .digest(checkpoint.commitDigest)
    .digest(checkpoint.stateRoot)
    .digest(checkpoint.sessionRoot)
}

export function readCheckpoint(reader: Reader): Checkpoint {
  return {
    chain: reader.digest(),
    epoch: reader.u64() as Epoch,
    index: reader.u64() as CommitIndex,
    commitDigest: reader.digest(),
    stateRoot: reader.digest(),
    sessionRoot: reader.digest()
  }
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const writer = Writer.pooled(checkpointBytes)
  writeCheckpoint(writer, checkpoint)
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const reader = new Reader(bytes)
  const checkpoint = readCheckpoint(reader)
  reader.end()
  return checkpoint
}

/** What a replica signs: it names chain and epoch, so that the signature holds nowhere else. */
export function checkpointSigningBytes(checkpoint: Checkpoint): Uint8Array {
  const writer = Writer.pooled(checkpointBytes + 32).bytes(signingTag)
  writeCheckpoint(writer, checkpoint)
  return writer.finish()
}

export function isSameCheckpoint(a: Checkpoint, b: Checkpoint): boolean {
  return checkpointName(a) === checkpointName(b)
}

/** One string for each different checkpoint. */
export function checkpointName(checkpoint: Checkpoint): string {
  const { chain, epoch, index, commitDigest, stateRoot, sessionRoot } = checkpoint
  return `${chain}/${epoch}/${index}/${commitDigest}/${stateRoot}/${sessionRoot}`
}

export function writeSignature(writer: Writer, { replica, signature }: ReplicaSignature): void {
  writer.u16(replica).raw(signature)
}

export function readSignature(reader: Reader): ReplicaSignature {
  return { replica: reader.u16() as ReplicaId, signature: reader.raw(signatureBytes).slice() }
}

export function writeCertificate(writer: Writer, certificate: CheckpointCertificate): void {
  writeCheckpoint(writer, certificate.checkpoint)
  writer.list(certificate.signatures, (item, to) => writeSignature(to, item))
}

/** @throws {Fault<DecodeFault>} also when replicas do not ascend: one certificate has one encoding. */
export function readCertificate(reader: Reader): CheckpointCertificate {
  const checkpoint = readCheckpoint(reader)
  const signatures = reader.list('checkpoint signatures', checkpointSignersMax, readSignature)
  for (let i = 1; i < signatures.length; i++) {
    const replica = (signatures[i] as ReplicaSignature).replica
    if (replica > (signatures[i - 1] as ReplicaSignature).replica) continue
    throw decodeFault({ code: 'bad-value', field: 'checkpoint signer order', value: `${replica}` })
  }
  return { checkpoint, signatures }
}

export function encodeCertificate(certificate: CheckpointCertificate): Uint8Array {
  const writer = Writer.pooled(checkpointBytes + 2 + certificate.signatures.length * 66)
  writeCertificate(writer, certificate)
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeCertificate(bytes: Uint8Array): CheckpointCertificate {
  const reader = new Reader(bytes)
  const certificate = readCertificate(reader)
  reader.end()
  return certificate
}

/** A committee's seat, as far as checkpoints need it. */
export interface CheckpointMember {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly weight: number
}

/** Undefined for a replica that the committee does not have. */
export type MemberOf = (replica: ReplicaId) => CheckpointMember | undefined

/** Weight of the signers, or undefined when one is unknown or they do not ascend. Checks no signature. */
export function signedWeight(
  certificate: CheckpointCertificate,
  memberOf: MemberOf
): number | undefined {
  let weight = 0
  let last = -1
  for (const { replica } of certificate.signatures) {
    const member = memberOf(replica)
    if (member === undefined || replica <= last) return undefined
    weight += member.weight
    last = replica
  }
  return weight
}

/** True when distinct members of at least `quorumWeight` have signed exactly this checkpoint. */
export function verifyCheckpointCertificate(
  certificate: CheckpointCertificate,
  memberOf: MemberOf,
  quorumWeight: number,
  verify: VerifySignature
): boolean {
  const weight = signedWeight(certificate, memberOf)
  if (weight === undefined || weight < quorumWeight) return false
  const message = checkpointSigningBytes(certificate.checkpoint)
  return certificate.signatures.every(({ replica, signature }) => {
    const member = memberOf(replica) as CheckpointMember
    return verify(member.publicKey, message, signature)
  })
}
