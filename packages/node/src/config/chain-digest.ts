import { ascii, type Digest, digestOf, fromHex, Writer } from '@novacron/base'
import { publicKeyOfPeerId } from '@novacron/transport'
import { writeClusterOptions } from './cluster-options.ts'
import { sha256 } from './ed25519.ts'
import type { Genesis, GenesisMember } from './genesis.ts'

/**
 * The chain's id: SHA-256 of one canonical encoding of what the genesis means, never of its JSON text, so that white
 * space, key order and written-out defaults do not matter.
 */
export function chainDigest(genesis: Genesis): Digest {
  return digestOf(sha256, encodeGenesis(genesis))
}

/** Addresses are left out: they say where members are at first, not who they are. */
function encodeGenesis(genesis: Genesis): Uint8Array {
  const { format, chainName, createdAt, protocolVersion, cluster, members, operators } = genesis
  const writer = new Writer(4096)
    .bytes(ascii('novacron/genesis'))
    .u16(format)
    .bytes(ascii(chainName))
    .bytes(ascii(createdAt))
    .u16(protocolVersion)
  writeClusterOptions(writer, cluster)
  return writer
    .list(members, writeMember)
    .list(operators.publicKeys, key => writer.raw(fromHex(key)))
    .u16(operators.threshold)
    .finish()
}

/** Proofs are left out too: they say that the rest is true, not what it is. */
function writeMember(member: GenesisMember, writer: Writer): void {
  writer
    .bytes(ascii(member.name))
    .raw(publicKeyOfPeerId(member.peer))
    .raw(fromHex(member.consensusKey))
    .raw(fromHex(member.vrfKey))
    .u64(member.weight)
    .u64(member.fromEpoch)
}
