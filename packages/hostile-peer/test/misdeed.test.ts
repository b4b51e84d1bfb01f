import { expect, test } from 'vitest'
import { checkMisdeeds, misdeedNames } from '../src/index.ts'

test('what may be asked for is every way of a single liar, and noise', () => {
  expect(misdeedNames).toContain('equivocate')
  expect(misdeedNames).toContain('largest')
  expect(misdeedNames).not.toContain('twins')
  expect(checkMisdeeds(misdeedNames)).toEqual(misdeedNames)
})

test('anything else is refused by name', () => {
  expect(() => checkMisdeeds(['flood', 'twins'])).toThrow(/^twins is none of equivocate withhold /)
  expect(() => checkMisdeeds([''])).toThrow(RangeError)
})
