import { join } from 'node:path'

/** Names of everything in a data directory. Sockets have a place of their own (socket-place.ts). */
export interface DataPaths {
  readonly directory: string
  readonly config: string
  readonly genesis: string
  /** What others need to know of this node for a genesis. */
  readonly nodePart: string
  readonly keys: string
  readonly signedLog: string
  readonly database: string
  readonly batches: string
  readonly logs: string
  readonly lock: string
}

export function dataPathsOf(directory: string): DataPaths {
  return {
    directory,
    config: join(directory, 'config.json'),
    genesis: join(directory, 'genesis.json'),
    nodePart: join(directory, 'node.json'),
    keys: join(directory, 'keys'),
    signedLog: join(directory, 'signed.log'),
    database: join(directory, 'db'),
    batches: join(directory, 'batches'),
    logs: join(directory, 'logs'),
    lock: join(directory, 'lock')
  }
}
