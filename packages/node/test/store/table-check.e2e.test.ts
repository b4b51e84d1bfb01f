import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { crc32c } from '../../src/store/crc32c.ts'
import { openStore } from '../../src/store/level-store.ts'
import { damagedTables, damageOf } from '../../src/store/table-check.ts'
import { entriesOf } from './store-contract.ts'
import { put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const options = { diskFreeBytesMin: 0, writeBufferBytes: 1024 * 1024 }
// Keys of these units are a byte.
const entries = 250

/** More than the memory table takes, so that LevelDB has made table files of it. */
async function written() {
  const directory = temporaryDirectory()
  const { store } = await openStore({ directory, ...options })
  for (let i = 0; i < entries; i++) {
    store.write([put('votes', i, 'x'.repeat(16_000))])
    await store.flush()
  }
  await store[Symbol.asyncDispose]()
  const database = join(directory, 'db')
  const tables = readdirSync(database).filter(file => file.endsWith('.ldb'))
  return { directory, database, table: join(database, tables[0] as string), tables }
}

test('the checksum is the one of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('what LevelDB has written is whole, and a flipped bit anywhere is found', async () => {
  const { database, table, tables } = await written()
  expect(tables.length).toBeGreaterThan(1)
  expect(await damagedTables(database)).toEqual([])
  const bytes = readFileSync(table)
  const footer = bytes.length - 48
  const places = Array.from({ length: 60 }, (_, i) => Math.floor((i * footer) / 60))
  for (const at of [...places, footer, footer + 1, footer + 2]) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
    expect(damageOf(damaged), `byte ${at} of ${bytes.length}`).toBeDefined()
  }
  // One that was never completed is for LevelDB to judge.
  for (const length of [0, 47, footer, bytes.length - 1]) {
    expect(damageOf(bytes.subarray(0, length))).toBeUndefined()
  }
  expect(await damagedTables(database, 1_000)).toEqual([])
})

test('a database with a damaged table is refused by its name, again and again', async () => {
  const { directory, table } = await written()
  const bytes = readFileSync(table)
  bytes[5_000] = (bytes[5_000] as number) ^ 4
  writeFileSync(table, bytes)
  for (let i = 0; i < 2; i++) {
    await expect(openStore({ directory, ...options })).rejects.toMatchObject({
      facts: {
        code: 'bad-file',
        path: table,
        reason: 'the block at byte 0 does not match its checksum'
      }
    })
  }
  expect(readdirSync(directory)).not.toContain('lock')
})

test('a damaged table that LevelDB does not need goes', async () => {
  const { directory, database, table } = await written()
  const left = join(database, '999999.ldb')
  copyFileSync(table, left)
  const bytes = readFileSync(left)
  bytes[5_000] = (bytes[5_000] as number) ^ 4
  writeFileSync(left, bytes)
  const { store } = await openStore({ directory, ...options })
  expect(await entriesOf(store, 'votes')).toHaveLength(entries)
  await store[Symbol.asyncDispose]()
  expect(readdirSync(database).filter(name => name.startsWith('999999'))).toEqual([])
})
