import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Digest } from '@novacron/base'
import { expect } from 'vitest'
import { SegmentStore } from '../../src/store/segment-store.ts'
import { failingFiles } from './failing-files.ts'
import { batchOf } from './store-units.ts'

export const options = {
  segmentBytes: 4096,
  cacheBytesMax: 0,
  unsyncedBytesMax: 2 ** 26,
  journaledPayloadBytesMax: 0,
  unwrittenPayloadBytesMax: 0
}

export function harness(directory: string, changes: Partial<typeof options> = {}) {
  const files = failingFiles()
  const damaged: string[] = []
  const failures: string[] = []
  const open = () =>
    new SegmentStore(
      directory,
      { ...options, ...changes },
      {
        files,
        admit: () => undefined,
        onDamage: what => void damaged.push(what),
        onFailure: error => {
          failures.push((error as NodeJS.ErrnoException).code ?? String(error))
          return error as Error
        }
      }
    )
  return { files, damaged, failures, open }
}

export function segmentFiles(directory: string): string[] {
  return readdirSync(directory).sort()
}

export function flip(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] as number) ^ 0x40
  writeFileSync(path, bytes)
}

export function appendAll(store: SegmentStore, seeds: readonly number[], length = 1000): Digest[] {
  return seeds.map(seed => {
    const { digest, bytes } = batchOf(seed, length)
    store.append(digest, bytes)
    return digest
  })
}

export function expectIntact(store: SegmentStore, seeds: readonly number[], length = 1000): void {
  for (const seed of seeds) {
    const { digest, bytes } = batchOf(seed, length)
    const read = store.read(digest)
    expect(read !== undefined && Buffer.compare(read, bytes) === 0, `batch ${seed}`).toBe(true)
  }
}

export const seeds = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + i)
