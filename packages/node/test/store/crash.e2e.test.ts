import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/level-store.ts'
import { entriesOf } from './store-contract.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const main = fileURLToPath(new URL('crash-main.ts', import.meta.url))

/** The last step that the process told before it died at the k-th persistence point. */
async function crashAt(directory: string, k: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@novacron/source',
      '--disable-warning=ExperimentalWarning',
      main,
      directory,
      `${k}`
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const [, signal] = await once(child, 'close')
  expect(signal).toBe('SIGKILL')
  return Number(told.trimEnd().split('\n').at(-1) ?? 0)
}

/** Steps whose flush resolved before the k-th point. */
function toldBefore(k: number): number {
  let points = 1
  for (let step = 1; ; step++) {
    points += 4
    if (k <= points) return step - 1
    if (step % 3 === 0) points += 1
  }
}

// One at the start, four points a step, and one more after each third: one of each kind, early and late.
test.each([1, 2, 3, 4, 5, 6, 9, 13, 14, 15, 27, 42, 63, 104])(
  'a process killed at persistence point %i loses nothing it told, and leaves no half unit',
  async k => {
    const directory = temporaryDirectory()
    const told = await crashAt(directory, k)
    expect(told).toBe(toldBefore(k))
    const { store, signedLog } = await openStore({ directory, segmentBytes: 4096 })
    const votes = await entriesOf(store, 'votes')
    const pairs = await entriesOf(store, 'pairs')
    const signed = (await entriesOf(store, 'signed')).map(entry => Number(entry.split('=s')[1]))
    const { count } = store.batches
    const intact = Array.from({ length: told }, (_, i) => batchOf(i + 1, 1000)).every(
      ({ digest, bytes }) => {
        const read = store.batches.read(digest)
        return read !== undefined && Buffer.compare(read, bytes) === 0
      }
    )
    await store[Symbol.asyncDispose]()
    if (told > 0) expect(signedLog).toBe('present')
    expect(votes.length).toBe(pairs.length)
    expect([told, told + 1]).toContain(votes.length)
    expect([told, told + 1]).toContain(signed[0] ?? 0)
    expect([told, told + 1]).toContain(count)
    expect(intact).toBe(true)
  }
)
