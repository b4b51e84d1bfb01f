import { expect, test } from 'vitest'
import { bucketCount } from '../../src/buckets/bucket.ts'
import { EntryIndex } from '../../src/state/entry-index.ts'

test('finds the entries of every bucket, and none that was deleted', () => {
  const index = new EntryIndex()
  for (let bucket = 0; bucket < bucketCount; bucket++) index.set(bucket, `key ${bucket}`, bucket)
  index.set(7, 'key 7', 9_000)
  index.delete(8, 'key 8')
  index.delete(9, 'never there')
  const expected = Array.from({ length: bucketCount }, (_, bucket): number | undefined => bucket)
  expected[7] = 9_000
  expected[8] = undefined
  expect(expected.map((_, bucket) => index.get(bucket, `key ${bucket}`))).toEqual(expected)
})
