import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/level-store.ts'
import { entriesOf } from './store-contract.ts'
import { put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const options = { diskFreeBytesMin: 0, writeBufferBytes: 1024 * 1024 }

/** Twenty writes of which none has left LevelDB's log. */
async function written() {
  const directory = temporaryDirectory()
  const { store } = await openStore({ directory, ...options })
  for (let i = 0; i < 20; i++) {
    store.write([put('votes', i, 'x'.repeat(10_000))])
    await store.flush()
  }
  await store[Symbol.asyncDispose]()
  const database = join(directory, 'db')
  const [name = ''] = readdirSync(database).filter(file => file.endsWith('.log'))
  return { directory, log: join(database, name), bytes: readFileSync(join(database, name)) }
}

test('a flipped bit in the log of writes is refused, again and again, until the database is away', async () => {
  const { directory, log, bytes } = await written()
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(log, bytes)
  for (let i = 0; i < 2; i++) {
    await expect(openStore({ directory, ...options })).rejects.toMatchObject({
      facts: {
        code: 'bad-file',
        path: join(directory, 'db'),
        reason: expect.stringMatching(/^its log of writes is damaged, \d+ bytes cannot be read: /)
      }
    })
  }
  expect(readdirSync(directory)).not.toContain('lock')
  rmSync(join(directory, 'db'), { recursive: true })
  const { store } = await openStore({ directory, ...options })
  expect(await entriesOf(store, 'votes')).toEqual([])
  await store[Symbol.asyncDispose]()
})

test('a torn end, as a crash leaves it, gives back what comes before', async () => {
  const { directory, log, bytes } = await written()
  writeFileSync(log, bytes.subarray(0, bytes.length - 5_000))
  const { store } = await openStore({ directory, ...options })
  expect(await entriesOf(store, 'votes')).toHaveLength(19)
  await store[Symbol.asyncDispose]()
})
