import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { openStore } from '../../src/store/level-store.ts'
import { disks } from './level-store-harness.ts'
import { powerLossFiles } from './power-loss-files.ts'
import { entriesOf } from './store-contract.ts'
import { batchOf, put, small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test.each(disks)(
  'a power cut loses nothing that a flush covered, at any moment: syncs %s',
  async (_, on) => {
    const directory = temporaryDirectory()
    createSignedLog(join(directory, 'signed.log'), nodeFileSystem)
    const files = powerLossFiles()
    const copies: { copy: string; acknowledged: number }[] = []
    let acknowledged = 0
    const onPersist = (): void => {
      const copy = join(temporaryDirectory(), 'copy')
      files.copyAfterPowerLoss(directory, copy)
      copies.push({ copy, acknowledged })
    }
    const { store } = await openStore(
      { directory, ...small, drainDelayMs: 60_000, applyDelayMs: 1 },
      { files: on(files), onPersist }
    )
    for (let step = 1; step <= 6; step++) {
      const { digest, bytes } = batchOf(step, 1000)
      store.batches.append(digest, bytes)
      store.write([put('votes', step, `v${step}`), put('signed', 1, `s${step}`)])
      await store.flush()
      acknowledged = step
    }
    await store[Symbol.asyncDispose]()
    // Four points of each flush, and the database now and then.
    expect(copies.length).toBeGreaterThan(24)
    for (const { copy, acknowledged: promised } of copies) {
      const { store: after, signedLog } = await openStore({ directory: copy, ...small })
      const [, signed] = (await entriesOf(after, 'signed')).join().split('=s')
      expect(signedLog).toBe('present')
      expect(Number(signed ?? 0)).toBeGreaterThanOrEqual(promised)
      const votes = await entriesOf(after, 'votes')
      expect(votes.length).toBeGreaterThanOrEqual(promised)
      // A vote that is there has its payload there too.
      for (let step = 1; step <= votes.length; step++) {
        const { digest, bytes } = batchOf(step, 1000)
        const read = after.batches.read(digest)
        expect(read !== undefined && Buffer.compare(read, bytes) === 0, `payload ${step}`).toBe(
          true
        )
      }
      await after[Symbol.asyncDispose]()
    }
  }
)
