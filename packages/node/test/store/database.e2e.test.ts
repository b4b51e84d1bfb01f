import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database } from '../../src/store/database.ts'
import { toUnit } from '../../src/store/operation.ts'
import { key, put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

let database: Database

beforeEach(async () => {
  const path = join(temporaryDirectory(), 'db')
  const options = { path, writeBufferBytes: 1024 * 1024, blockCacheBytes: 1024 * 1024 }
  database = await Database.open(options, { onDamage: () => undefined })
  const writes = [1, 2, 3, 4, 5].map(i => put('votes', i, `v${i}`))
  await database.apply(toUnit(writes).operations)
})

afterEach(() => database.close())

test.each([
  { reverse: false, keys: [1, 2, 3, 4, 5] },
  { reverse: true, keys: [5, 4, 3, 2, 1] }
])(
  'a range goes on where it was when the database is opened anew (reverse: $reverse)',
  async how => {
    const seen: number[] = []
    for await (const [found] of database.range('votes', { reverse: how.reverse })) {
      seen.push(found.at(-1) as number)
      if (seen.length === 2) await database.reopen()
      if (seen.length === 4) void database.reopen()
    }
    expect(seen).toEqual(how.keys)
  }
)

test('what is read while the database is opened anew waits for it', async () => {
  const reopened = database.reopen()
  const values = await Promise.all([1, 5].map(i => database.get('votes', key(i))))
  expect(values.map(value => Buffer.from(value ?? []).toString())).toEqual(['v1', 'v5'])
  let count = 0
  for await (const _entry of database.range('votes')) count += 1
  expect(count).toBe(5)
  await reopened
})
