import type { LoadedNode } from '../config/init.ts'
import { type OpenedStore, openStore, type StoreNeeds } from '../store/level-store.ts'
import type { Log } from '../telemetry/log.ts'

export interface StoreEvents {
  readonly log: Log
  readonly onDiskFull: () => void
  /** Only stopping helps. */
  readonly onFailure: (error: unknown) => void
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
      onDamage: (table, key) => events.log.error('record-damaged', { table, key }),
      onFailure: fault => {
        events.log.error('store-trouble', fault.facts)
        if (fault.code === 'disk-full') events.onDiskFull()
        else events.onFailure(fault)
      }
    }
  )
}
