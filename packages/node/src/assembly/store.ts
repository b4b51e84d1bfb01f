import { ascii, bytesOfDigest, type Digest, equalBytes, toHex } from '@novacron/base'
import { tables } from '@novacron/consensus'
import { configFault } from '../config/config-fault.ts'
import type { LoadedNode } from '../config/init.ts'
import { type OpenedStore, openStore, type StoreNeeds } from '../store/level-store.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'

export interface StoreEvents {
  readonly log: Log
  readonly onDiskFull: () => void
  /** Only stopping helps. */
  readonly onFailure: (error: unknown) => void
}

/** What an operator wants to know of a damaged record. */
const afterDamage = 'it is taken for missing, and fetched again from peers that have it'

const chainKey = ascii('chain')

/**
 * Writes the chain into a fresh store, and refuses one that was begun on another: its records would be read as this chain's.
 *
 * throws  ConfigFault `other-chain`
 */
export async function bindToChain(store: Store, chain: Digest, genesisPath: string): Promise<void> {
  const value = bytesOfDigest(chain)
  const known = await store.get(tables.meta, chainKey)
  if (known === undefined) {
    store.write([{ type: 'put', table: tables.meta, key: chainKey, value }])
    await store.flush()
  } else if (!equalBytes(known, value)) {
    const remedy = 'put its own genesis back, or start with an empty data directory'
    const path = genesisPath
    throw configFault({ code: 'other-chain', path, begunOn: toHex(known), chain, remedy })
  }
}

/** Opens the store of a data directory under the limits of the node's options. */
export function openNodeStore(
  { paths, options }: LoadedNode,
  seams: StoreNeeds,
  events: StoreEvents
): Promise<OpenedStore> {
  const { diskBytes, diskFreeBytes } = options.limits
  return openStore(
    { directory: paths.directory, diskBytesMax: diskBytes, diskFreeBytesMin: diskFreeBytes },
    {
      ...seams,
      onDamage: (table, key) => {
        const { directory } = paths
        events.log.error('record-damaged', { directory, table, key, next: afterDamage })
      },
      onFailure: fault => {
        events.log.error('store-trouble', fault.facts)
        if (fault.code === 'disk-full') events.onDiskFull()
        else events.onFailure(fault)
      }
    }
  )
}
