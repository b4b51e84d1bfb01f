import { expect, test } from 'vitest'
import { randomHashSeed } from '../../src/assembly/hash-seed.ts'

test('every process has a seed of its own, of two words', () => {
  const [one, other] = [randomHashSeed(), randomHashSeed()]
  expect(one).not.toEqual(other)
  for (const word of one) expect(word >>> 0).toBe(word)
})
