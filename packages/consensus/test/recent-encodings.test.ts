import { expect, test } from 'vitest'
import { RecentEncodings } from '../src/recent-encodings.ts'

test('gives back what was set for this very object, and not for one that equals it', () => {
  const encodings = new RecentEncodings<{ name: string }>()
  const [one, two] = [{ name: 'a' }, { name: 'a' }]
  const bytes = Uint8Array.of(1)
  encodings.set(one, bytes)
  expect(encodings.get(one)).toBe(bytes)
  expect(encodings.get(two)).toBeUndefined()
})

test('forgets the oldest first', () => {
  const encodings = new RecentEncodings<{ n: number }>()
  const objects = Array.from({ length: 20 }, (_, n) => ({ n }))
  for (const object of objects) encodings.set(object, Uint8Array.of(object.n))
  expect(objects.map(object => encodings.get(object)?.[0])).toEqual(
    objects.map(({ n }) => (n < 4 ? undefined : n))
  )
})
