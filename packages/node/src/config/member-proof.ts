import { ascii, fromHex, toHex, Writer } from '@novacron/base'
import { publicKeyOfPeerId } from '@novacron/transport'
import { verifySignature } from './ed25519.ts'
import type { GenesisMember } from './genesis.ts'
import { type KeyUse, keyUses, type NodeKeys } from './node-keys.ts'

/**
 * Proof of possession: each of a member's keys signs the member's own description, so that nobody can enter a committee
 * under keys of others. Independent of the chain: it is made before there is one.
 */

/** What a proof covers. */
type MemberIdentity = Pick<GenesisMember, 'name' | 'peer' | 'consensusKey' | 'vrfKey'>

/** Signatures, 128 hex digits each. */
export type MemberProofs = Readonly<Record<KeyUse, string>>

export function proveMember(name: string, keys: NodeKeys): MemberProofs {
  const message = proofMessage({
    name,
    peer: keys.peerId,
    consensusKey: toHex(keys.consensus.publicKey),
    vrfKey: toHex(keys.vrf.publicKey)
  })
  return {
    peer: toHex(keys.peer.sign(message)),
    consensus: toHex(keys.consensus.sign(message)),
    vrf: toHex(keys.vrf.sign(message))
  }
}

/** Uses whose proof does not hold; empty for an honest member. The identity's fields must be well formed. */
export function failedProofs(member: MemberIdentity & { readonly proofs: MemberProofs }): KeyUse[] {
  const message = proofMessage(member)
  const publicKeys = publicKeysOf(member)
  return keyUses.filter(
    use => !verifySignature(publicKeys[use], message, fromHex(member.proofs[use]))
  )
}

/** The VRF key's public part is that of the Ed25519 key of the same seed. */
export function publicKeysOf(member: MemberIdentity): Readonly<Record<KeyUse, Uint8Array>> {
  return {
    peer: publicKeyOfPeerId(member.peer),
    consensus: fromHex(member.consensusKey),
    vrf: fromHex(member.vrfKey)
  }
}

function proofMessage(member: MemberIdentity): Uint8Array {
  const { peer, consensus, vrf } = publicKeysOf(member)
  return new Writer()
    .bytes(ascii('novacron/member-proof/1'))
    .bytes(ascii(member.name))
    .bytes(ascii(member.peer))
    .raw(peer)
    .raw(consensus)
    .raw(vrf)
    .finish()
}
