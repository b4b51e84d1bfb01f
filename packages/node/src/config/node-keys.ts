import { join } from 'node:path'
import { equalBytes, fromHex, type PeerId, toHex } from '@novacron/base'
import { peerIdOfSeed } from '@novacron/transport'
import { configFault } from './config-fault.ts'
import {
  makePrivateDirectory,
  readTextFile,
  refuseExisting,
  requirePrivate,
  requirePrivateDirectory,
  writeNewFile
} from './data-file.ts'
import { randomSeed, type SigningKey, signingKeyOfSeed } from './ed25519.ts'

/** `peer` names the node in the mesh, `consensus` signs what the committee agrees on, `vrf` draws samples. */
export type KeyUse = 'peer' | 'consensus' | 'vrf'
export const keyUses: readonly KeyUse[] = ['peer', 'consensus', 'vrf']

export interface NodeKeys extends Readonly<Record<KeyUse, SigningKey>> {
  readonly peerId: PeerId
}

/** One line: algorithm and seed. The VRF of RFC 9381 uses the same curve and seed form under its own name. */
const algorithms: Readonly<Record<KeyUse, string>> = {
  peer: 'ed25519',
  consensus: 'ed25519',
  vrf: 'ecvrf-edwards25519'
}
const fileBytesMax = 256

export function keyPath(keysDirectory: string, use: KeyUse): string {
  return join(keysDirectory, `${use}.key`)
}

/**
 * Makes three fresh keys, each in its own file of mode 0600 in a directory of mode 0700.
 *
 * throws  ConfigFault `file-exists` before anything is written when one of them is there
 */
export function createKeys(keysDirectory: string): NodeKeys {
  for (const use of keyUses) refuseExisting(keyPath(keysDirectory, use), 'directory')
  makePrivateDirectory(keysDirectory)
  for (const use of keyUses) {
    const content = `${algorithms[use]}:${toHex(randomSeed())}\n`
    writeNewFile(keyPath(keysDirectory, use), content, 0o600)
  }
  return loadKeys(keysDirectory)
}

/** @throws {ConfigFault} `file-missing`, `file-mode`, `key-malformed`, `key-reused` */
export function loadKeys(keysDirectory: string): NodeKeys {
  requirePrivateDirectory(keysDirectory, 'run: novacron init')
  const peer = loadKey(keysDirectory, 'peer')
  const consensus = loadKey(keysDirectory, 'consensus')
  const vrf = loadKey(keysDirectory, 'vrf')
  const keys = { peer, consensus, vrf }
  refuseReuse(keysDirectory, keys)
  return { ...keys, peerId: peerIdOfSeed(peer.seed) }
}

function loadKey(keysDirectory: string, use: KeyUse): SigningKey {
  const path = keyPath(keysDirectory, use)
  const restore = 'restore it from a backup; a new key is a new member'
  requirePrivate(path, 0o600, restore)
  const line = readTextFile(path, fileBytesMax, restore)
  const [algorithm, seedHex, ...rest] = line.trimEnd().split(':')
  const isKey =
    algorithm === algorithms[use] &&
    rest.length === 0 &&
    seedHex !== undefined &&
    /^[0-9a-f]{64}$/.test(seedHex)
  if (!isKey) {
    const remedy = `one line "${algorithms[use]}:" and 64 hex digits is expected: ${restore}`
    throw configFault({ code: 'key-malformed', path, remedy })
  }
  return signingKeyOfSeed(fromHex(seedHex))
}

function refuseReuse(directory: string, keys: Readonly<Record<KeyUse, SigningKey>>): void {
  for (const use of keyUses) {
    for (const other of keyUses.slice(0, keyUses.indexOf(use))) {
      if (!equalBytes(keys[use].seed, keys[other].seed)) continue
      throw configFault({
        code: 'key-reused',
        path: keyPath(directory, use),
        other: keyPath(directory, other),
        remedy: 'every use needs a key of its own'
      })
    }
  }
}
