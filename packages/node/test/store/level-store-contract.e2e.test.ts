import { join } from 'node:path'
import { openStore } from '../../src/store/level-store.ts'
import { powerLossFiles } from './power-loss-files.ts'
import { storeContract } from './store-contract.ts'
import { small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

storeContract('level store', async () => {
  const directory = temporaryDirectory()
  const files = powerLossFiles()
  const { store } = await openStore({ directory, ...small }, { files })
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
