import { join } from 'node:path'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { openStore } from '../../src/store/level-store.ts'
import type { StoreOptions } from '../../src/store/options.ts'
import { quickFiles } from '../../src/store/quick-files.ts'
import { powerLossFiles } from './power-loss-files.ts'
import { storeContract } from './store-contract.ts'
import { small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

interface Variant {
  readonly hasSignedLog: boolean
  readonly options?: Partial<StoreOptions>
  /** As in a daemon while its disk is quick. */
  readonly isQuick?: boolean
}

/** The database has what it has: nothing is applied before somebody asks. */
const never = { applyDelayMs: 2 ** 31 - 1 }
const variants: Readonly<Record<string, Variant>> = {
  'level store': { hasSignedLog: true },
  'level store, syncs on the main thread': { hasSignedLog: true, isQuick: true },
  'level store, nothing applied by itself': { hasSignedLog: true, options: never },
  'level store, applied at once': { hasSignedLog: true, options: { unappliedBytesMax: 1 } },
  'level store, nothing journaled': { hasSignedLog: true, options: { journaledBytesMax: 0 } },
  'level store without a record of signatures': { hasSignedLog: false }
}

for (const [name, { hasSignedLog, options, isQuick }] of Object.entries(variants)) {
  storeContract(name, async () => {
    const directory = temporaryDirectory()
    const files = powerLossFiles()
    if (hasSignedLog) createSignedLog(join(directory, 'signed.log'), nodeFileSystem)
    const { store } = await openStore(
      { directory, ...small, ...options },
      { files: isQuick === true ? quickFiles(files, () => 0) : files }
    )
    const stores = [store]
    return {
      store,
      crash: async () => {
        const copy = join(temporaryDirectory(), 'copy')
        files.copyAfterPowerLoss(directory, copy)
        const reopened = await openStore({ directory: copy, ...small })
        stores.push(reopened.store)
        return reopened.store
      },
      dispose: async () => {
        for (const each of stores) await each[Symbol.asyncDispose]()
      }
    }
  })
}
