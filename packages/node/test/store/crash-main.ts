import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/level-store.ts'
import { batchOf, put } from './store-units.ts'

/**
 * Runs in a process of its own: writes steps and tells each that a flush covered, until it kills itself at the k-th
 * persistence point.
 */
const [directory = '', k = '0'] = process.argv.slice(2)
let left = Number(k)
const { store } = await openStore(
  { directory, segmentBytes: 4096, writeBufferBytes: 65_536, signedCompactBytes: 1024 },
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
}
