import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { onTestFinished } from 'vitest'
import { type FileSystem, nodeFileSystem } from '../../src/store/file-system.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { openStore, type StoreNeeds } from '../../src/store/level-store.ts'
import type { StoreOptions } from '../../src/store/options.ts'
import { quickFiles } from '../../src/store/quick-files.ts'
import type { Store } from '../../src/store/store.ts'
import { type FailingFiles, failingFiles } from './failing-files.ts'
import { batchOf, small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Where small writes and syncs are done, as the name of a test says it. */
export const disks = [
  ['on other threads', (files: FileSystem) => files],
  ['on the main thread', (files: FileSystem) => quickFiles(files, () => 0)]
] as const
export interface Harness {
  readonly store: Store
  readonly directory: string
  readonly files: FailingFiles
  readonly failures: string[]
  readonly damaged: string[]
}

export async function open(
  options: Partial<StoreOptions> = {},
  needs: StoreNeeds = {},
  directory: string = temporaryDirectory()
): Promise<Harness> {
  const files = failingFiles()
  const failures: string[] = []
  const damaged: string[] = []
  const signedLog = join(directory, 'signed.log')
  if (!existsSync(signedLog)) createSignedLog(signedLog, nodeFileSystem)
  const { store } = await openStore(
    { directory, ...small, ...options },
    {
      files,
      onFailure: fault => void failures.push(fault.code),
      onDamage: (table, what) => void damaged.push(`${table} ${what}`),
      ...needs
    }
  )
  onTestFinished(() => store[Symbol.asyncDispose]())
  return { store, directory, files, failures, damaged }
}

export async function reopened(directory: string): Promise<Store> {
  return (await open({}, {}, directory)).store
}

export function append(store: Store, seed: number, length = 1000): Digest {
  const { digest, bytes } = batchOf(seed, length)
  store.batches.append(digest, bytes)
  return digest
}
