import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { openStore } from '../../src/store/level-store.ts'
import { batchOf, put } from './store-units.ts'

/**
 * Runs in a process of its own: writes steps and tells each that a flush covered, until it kills itself at the k-th
 * persistence point. The database gets what is journaled after each third step, and not otherwise.
 */
const [directory = '', k = '0'] = process.argv.slice(2)
let left = Number(k)
createSignedLog(join(directory, 'signed.log'), nodeFileSystem)
const { store } = await openStore(
  {
    directory,
    segmentBytes: 4096,
    writeBufferBytes: 65_536,
    journalBytes: 1024,
    applyDelayMs: 2 ** 31 - 1
  },
  {
    onPersist: () => {
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    }
  }
)
for (let step = 1; step <= 100; step++) {
  const { digest, bytes } = batchOf(step, 1000)
  store.batches.append(digest, bytes)
  store.write([
    put('votes', step, `v${step}`),
    put('pairs', step, `p${step}`),
    put('signed', 1, `s${step}`)
  ])
  await store.flush()
  writeSync(1, `${step}\n`)
  if (step % 3 === 0) await store.settle()
}
