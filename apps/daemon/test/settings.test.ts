import { describe, expect, test } from 'vitest'
import { dataDirectory, duration, integer, oneOf, pairs, several, showMs } from '../src/settings.ts'

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1ms', 1],
    ['720h', 2_592_000_000]
  ])('%s is %i ms', (text, ms) => {
    expect(duration(text)).toBe(ms)
  })

  test.each(['', '20', 's', '-1s', '0s', '0.4ms', '1d', '721h', '1e3s', ' 1s'])(
    '%j is refused with what is allowed',
    text => {
      expect(() => duration(text)).toThrow(
        'Allowed is a number with ms, s, m or h, such as 20s, from 1ms to 720h.'
      )
    }
  )

  test.each([
    [850, '850 ms'],
    [1_000, '1 s'],
    [61_540, '61.5 s']
  ])('%i ms is shown as %s', (ms, text) => {
    expect(showMs(ms)).toBe(text)
  })
})

test.each(['1', '31'])('%s is an integer from 1 to 31', text => {
  expect(integer(1, 31)(text)).toBe(Number(text))
})

test.each(['0', '32', '', '1.5', '-1', 'x', '1e1', '99999999999999999'])(
  '%j is no integer from 1 to 31',
  text => {
    expect(() => integer(1, 31)(text)).toThrow('Allowed is an integer from 1 to 31.')
  }
)

test('one of several words', () => {
  const wait = oneOf('none', 'accepted')
  expect(wait('none')).toBe('none')
  expect(() => wait('x')).toThrow('Allowed is none, accepted.')
})

test('repeated values and pairs are gathered', () => {
  expect(several('b', several('a'))).toEqual(['a', 'b'])
  expect(pairs('b=2=3', pairs('a='))).toEqual({ a: '', b: '2=3' })
  for (const text of ['a', '=1', '']) expect(() => pairs(text)).toThrow('Allowed is name=value.')
})

test.each([
  { name: 'the option', given: '/x', env: { NOVACRON_DATA_DIR: '/y', HOME: '/h' }, found: '/x' },
  { name: 'the variable', env: { NOVACRON_DATA_DIR: '/y', HOME: '/h' }, found: '/y' },
  { name: 'the home', env: { NOVACRON_DATA_DIR: '', HOME: '/h' }, found: '/h/.novacron' }
])('$name names the data directory', ({ given, env, found }) => {
  expect(dataDirectory(given, { env })).toBe(found)
})

test('a relative data directory is taken from here, and a missing home from the system', () => {
  expect(dataDirectory('x', { env: {} })).toBe(`${process.cwd()}/x`)
  expect(dataDirectory(undefined, { env: {} })).toMatch(/^\/.*\.novacron$/)
})
