import { toHex } from '@novacron/base'
import { nodeFileSystem } from '../store/file-system.ts'
import { createSignedLog } from '../store/journal-file.ts'
import {
  makePrivateDirectory,
  parseJson,
  readTextFile,
  refuseExisting,
  requirePrivateDirectory,
  writeNewFile
} from './data-file.ts'
import { type DataPaths, dataPathsOf } from './data-paths.ts'
import { type Genesis, type NodePart, parseGenesis, parseNodePart } from './genesis.ts'
import { proveMember } from './member-proof.ts'
import { createKeys, loadKeys, type NodeKeys } from './node-keys.ts'
import { checkNodeOptions, type NodeOptions, parseNodeOptions } from './node-options.ts'
import { valueOrThrow } from './result.ts'

/** All of it is optional in `config.json` save the name. */
export type NodeOptionsInput = Partial<NodeOptions> & Pick<NodeOptions, 'name'>

export interface InitRequest {
  readonly options: NodeOptionsInput
  /** Addresses for `node.json`: where other members reach this node. Default: `options.announce`. */
  readonly addresses?: readonly string[]
  readonly genesis?: Genesis
}

export interface InitializedNode {
  readonly paths: DataPaths
  readonly keys: NodeKeys
  readonly part: NodePart
}

const configBytesMax = 1024 * 1024
const genesisBytesMax = 4 * 1024 * 1024

/**
 * Makes a data directory (0700): keys, `config.json`, `node.json`, an empty `signed.log`, and `genesis.json` if given.
 *
 * throws  ConfigFault `file-exists` before anything is written, `file-unwritable`, `file-mode`, `invalid`
 */
export function initNode(directory: string, request: InitRequest): InitializedNode {
  const paths = dataPathsOf(directory)
  const { config, genesis, nodePart, signedLog, keys: keysPath } = paths
  for (const path of [config, keysPath, nodePart, signedLog, genesis])
    refuseExisting(path, 'directory')
  const options = valueOrThrow(parseNodeOptions(request.options), config)
  makePrivateDirectory(directory)
  requirePrivateDirectory(directory, 'create it')
  const keys = createKeys(keysPath)
  const part: NodePart = {
    format: 1,
    name: options.name,
    peer: keys.peerId,
    addresses: request.addresses ?? options.announce,
    consensusKey: toHex(keys.consensus.publicKey),
    vrfKey: toHex(keys.vrf.publicKey),
    proofs: proveMember(options.name, keys)
  }
  valueOrThrow(parseNodePart(part), nodePart)
  makePrivateDirectory(paths.logs)
  createSignedLog(signedLog, nodeFileSystem)
  writeNewFile(nodePart, toJson(part), 0o644)
  if (request.genesis !== undefined) installGenesis(directory, request.genesis)
  // Last: a directory with a config is complete.
  writeNewFile(config, toJson(request.options), 0o600)
  return { paths, keys, part }
}

/** @throws {ConfigFault} `file-exists`, `invalid` */
export function installGenesis(directory: string, genesis: Genesis): void {
  writeGenesis(dataPathsOf(directory).genesis, genesis)
}

/** @throws {ConfigFault} `file-exists`, `invalid` */
export function writeGenesis(path: string, genesis: Genesis): void {
  valueOrThrow(parseGenesis(genesis), path)
  writeNewFile(path, toJson(genesis), 0o644)
}

/** @throws {ConfigFault} `file-missing`, `file-unreadable`, `invalid` */
export function readGenesis(path: string): Genesis {
  const content = readTextFile(path, genesisBytesMax, 'get it from whoever made the chain')
  return valueOrThrow(parseGenesis(parseJson(content, path)), path)
}

/** @throws {ConfigFault} `file-missing`, `file-unreadable`, `invalid` */
export function readNodePart(path: string): NodePart {
  const content = readTextFile(path, configBytesMax, 'run: novacron init')
  return valueOrThrow(parseNodePart(parseJson(content, path)), path)
}

export interface LoadedNode {
  readonly paths: DataPaths
  readonly options: NodeOptions
  readonly keys: NodeKeys
  readonly genesis: Genesis
}

/**
 * Reads and checks everything that a node starts from.
 *
 * throws  ConfigFault of any code
 */
export function loadNode(directory: string): LoadedNode {
  const paths = dataPathsOf(directory)
  requirePrivateDirectory(directory, 'run: novacron init')
  const content = readTextFile(paths.config, configBytesMax, 'run: novacron init')
  const options = valueOrThrow(parseNodeOptions(parseJson(content, paths.config)), paths.config)
  const keys = loadKeys(paths.keys)
  const genesis = readGenesis(paths.genesis)
  const problems = checkNodeOptions(options, genesis, keys.peerId)
  if (problems.length > 0) valueOrThrow({ type: 'invalid', problems }, paths.config)
  return { paths, options, keys, genesis }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
