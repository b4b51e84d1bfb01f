import { accepted, type Hash, ignored, rejected, type Verdict } from '@novacron/base'
import type { Committee, SignatureCheck, SigningDomain } from '@novacron/consensus'
import {
  type CheckpointCertificate,
  type CheckpointCommittee,
  checkpointSignatures,
  checkpointSigningBytes,
  screenCheckpointMessage,
  signedWeight
} from '@novacron/execution'
import { evidenceChecks, screenEvidence } from './evidence.ts'
import { headSigningBytes } from './head.ts'
import type { GossipMessage, ReplicaMessage } from './messages.ts'

export interface ScreeningNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
}

/** Cheap checks of gossip: who may publish what. Signatures come after. */
export function screenGossip(message: GossipMessage, needs: ScreeningNeeds): Verdict {
  const { committee, domain } = needs
  switch (message.topic) {
    case 'heads': {
      const { head } = message
      if (head.epoch !== domain.epoch) return ignored({ code: 'other-epoch' })
      return committee.has(head.replica) ? accepted : rejected({ code: 'not-a-member' })
    }
    case 'checkpoints':
      return screenCheckpoint(message.certificate, needs)
    case 'evidence':
      return screenEvidence(message.evidence, committee, domain, needs.hash)
  }
}

/** Cheap checks of what is not the orderer's: batches are checked by their digest, the rest by chain, seats and weight. */
export function screenLayer(
  message: Exclude<ReplicaMessage, { layer: 'order' }>,
  needs: ScreeningNeeds
): Verdict {
  switch (message.layer) {
    case 'mempool':
      return accepted
    case 'checkpoint':
      return screenCheckpointMessage(message.message, checkpointCommittee(needs))
    case 'snapshot':
      return message.message.type === 'manifest'
        ? screenCheckpoint(message.message.manifest.certificate, needs)
        : accepted
  }
}

export function layerChecks(
  message: Exclude<ReplicaMessage, { layer: 'order' }>,
  needs: ScreeningNeeds
): readonly SignatureCheck[] {
  if (message.layer === 'checkpoint') {
    return checkpointSignatures(message.message, checkpointCommittee(needs))
  }
  const isManifest = message.layer === 'snapshot' && message.message.type === 'manifest'
  return isManifest ? checkpointChecks(message.message.manifest.certificate, needs.committee) : []
}

/** The committee as the checkpoint machine sees it. */
export function checkpointCommittee({ committee, domain }: ScreeningNeeds): CheckpointCommittee {
  return {
    chain: domain.chain,
    epoch: domain.epoch,
    memberOf: replica => committee.members[replica],
    quorumWeight: committee.quorumWeight
  }
}

function screenCheckpoint(
  certificate: CheckpointCertificate,
  { committee, domain }: ScreeningNeeds
): Verdict {
  const { checkpoint } = certificate
  if (checkpoint.chain !== domain.chain) return rejected({ code: 'other-chain' })
  if (checkpoint.epoch !== domain.epoch) return ignored({ code: 'other-epoch' })
  const weight = signedWeight(certificate, replica => committee.members[replica])
  if (weight === undefined) return rejected({ code: 'unknown-signer' })
  return weight >= committee.quorumWeight ? accepted : rejected({ code: 'signer-weight-short' })
}

export function gossipChecks(message: GossipMessage, needs: ScreeningNeeds): SignatureCheck[] {
  const { committee, domain, hash } = needs
  switch (message.topic) {
    case 'heads': {
      const { head } = message
      const publicKey = committee.member(head.replica).publicKey
      return [{ publicKey, message: headSigningBytes(head, domain), signature: head.signature }]
    }
    case 'checkpoints':
      return checkpointChecks(message.certificate, committee)
    case 'evidence':
      return evidenceChecks(message.evidence, committee, domain, hash)
  }
}

function checkpointChecks(
  certificate: CheckpointCertificate,
  committee: Committee
): SignatureCheck[] {
  const message = checkpointSigningBytes(certificate.checkpoint)
  return certificate.signatures.map(({ replica, signature }) => ({
    publicKey: committee.member(replica).publicKey,
    message,
    signature
  }))
}
