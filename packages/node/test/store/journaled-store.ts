import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import type { SignedLogPresence } from '../../src/store/journal-loader.ts'
import { openStore, type StoreNeeds } from '../../src/store/level-store.ts'
import type { StoreOptions } from '../../src/store/options.ts'
import type { Store } from '../../src/store/store.ts'
import { type PowerLossFiles, powerLossFiles } from './power-loss-files.ts'
import { entriesOf } from './store-contract.ts'
import { small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A store whose database gets nothing before somebody asks for it. */
export interface JournaledStore {
  readonly store: Store
  readonly directory: string
  readonly presence: SignedLogPresence
  /** A copy of its directory as it would be after a loss of power right now. */
  copy(): string
}

const never = 2 ** 31 - 1

export async function openJournaled(
  directory: string,
  options: Partial<StoreOptions> = {},
  needs: StoreNeeds = {}
): Promise<JournaledStore> {
  const files: PowerLossFiles = powerLossFiles()
  const { store, signedLog } = await openStore(
    { directory, ...small, journalBytes: 1_000_000, applyDelayMs: never, ...options },
    { files, ...needs }
  )
  onTestFinished(() => store[Symbol.asyncDispose]())
  return {
    store,
    directory,
    presence: signedLog,
    copy() {
      const copy = join(temporaryDirectory(), 'copy')
      files.copyAfterPowerLoss(directory, copy)
      return copy
    }
  }
}

/** The same after a loss of power right now, from what is left on the disk. */
export async function afterPowerLoss(
  { store, copy }: JournaledStore,
  options: Partial<StoreOptions>
): Promise<JournaledStore> {
  const directory = copy()
  await store[Symbol.asyncDispose]()
  return openJournaled(directory, options)
}

/** The same in a fresh directory whose record of signatures is there, as `novacron init` leaves it. */
export function openFresh(
  options: Partial<StoreOptions> = {},
  needs: StoreNeeds = {}
): Promise<JournaledStore> {
  const directory = temporaryDirectory()
  const path = join(directory, 'signed.log')
  if (!existsSync(path)) createSignedLog(path, nodeFileSystem)
  return openJournaled(directory, options, needs)
}

export interface Contents {
  readonly presence: SignedLogPresence
  readonly votes: string
  readonly signed: string
}

/** Opens a directory, reads it, and closes it again. */
export async function contentsOf(directory: string): Promise<Contents> {
  const { store, signedLog: presence } = await openStore({ directory, ...small })
  const votes = (await entriesOf(store, 'votes')).join(' ')
  const signed = (await entriesOf(store, 'signed')).join(' ')
  await store[Symbol.asyncDispose]()
  return { presence, votes, signed }
}
