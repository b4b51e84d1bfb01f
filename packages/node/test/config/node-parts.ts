import { createHash } from 'node:crypto'
import { toHex } from '@novacron/base'
import { peerIdOfSeed } from '@novacron/transport'
import { signingKeyOfSeed } from '../../src/config/ed25519.ts'
import {
  buildGenesis,
  type Genesis,
  type GenesisRequest,
  type NodePart
} from '../../src/config/genesis.ts'
import { proveMember } from '../../src/config/member-proof.ts'
import type { NodeKeys } from '../../src/config/node-keys.ts'

/** Keys that are the same in every run, and different for each name and use. */
export function fixedKeys(name: string): NodeKeys {
  const seed = (use: string): Uint8Array =>
    new Uint8Array(createHash('sha256').update(`${name}/${use}`).digest())
  return {
    peer: signingKeyOfSeed(seed('peer')),
    consensus: signingKeyOfSeed(seed('consensus')),
    vrf: signingKeyOfSeed(seed('vrf')),
    peerId: peerIdOfSeed(seed('peer'))
  }
}

export function partOf(name: string, keys: NodeKeys = fixedKeys(name)): NodePart {
  return {
    format: 1,
    name,
    peer: keys.peerId,
    addresses: ['/ip4/127.0.0.1/tcp/4610'],
    consensusKey: toHex(keys.consensus.publicKey),
    vrfKey: toHex(keys.vrf.publicKey),
    proofs: proveMember(name, keys)
  }
}

export const request: GenesisRequest = {
  chainName: 'test-chain',
  createdAt: '2026-01-31T12:00:00.000Z'
}

export function genesisOf(
  names: readonly string[],
  changes: Partial<GenesisRequest> = {}
): Genesis {
  const built = buildGenesis(
    names.map(name => partOf(name)),
    { ...request, ...changes }
  )
  if (built.type !== 'ok') throw new Error(JSON.stringify(built.problems))
  return built.value
}
