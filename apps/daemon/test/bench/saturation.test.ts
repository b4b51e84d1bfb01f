import { expect, test } from 'vitest'
import {
  confirmSaturation,
  defaultSearchOptions,
  holds,
  type Probe,
  searchSaturation
} from '../../src/bench/saturation.ts'

/** A system that holds `capacity`, and answers a hundredth never above twice of it. */
function system(capacity: number) {
  const asked: number[] = []
  const probe = async (ratePerSecond: number): Promise<Probe> => {
    asked.push(ratePerSecond)
    const p99 = ratePerSecond <= capacity ? 100 : ratePerSecond <= 2 * capacity ? 900 : null
    return { ratePerSecond, throughput: Math.min(capacity, ratePerSecond), p99 }
  }
  return { asked, probe }
}

test.each([
  { p99: 500, expected: true },
  { p99: 500.1, expected: false },
  { p99: null, expected: false }
])('a 99th percentile of $p99 ms holds: $expected', ({ p99, expected }) => {
  const probe = { ratePerSecond: 1, throughput: 1, p99 }
  expect(holds(probe, defaultSearchOptions)).toBe(expected)
})

test.each([11, 3_999, 4_000, 125_000, 3_000_000])(
  'a capacity of %i is found to a tenth, from below',
  async capacity => {
    const { probe, asked } = system(capacity)
    const found = (await searchSaturation(probe)) as number
    expect(found).toBeLessThanOrEqual(capacity)
    expect(found * 1.1).toBeGreaterThanOrEqual(capacity * 0.999)
    expect(new Set(asked).size).toBeLessThan(20)
    expect(asked.length).toBeLessThan(30)
  }
)

test('a system that holds nothing has no saturation, and one that holds all has the highest rate', async () => {
  expect(await searchSaturation(system(1).probe)).toBeUndefined()
  expect(await searchSaturation(system(1e9).probe)).toBe(defaultSearchOptions.rateMax)
})

test('a rate that fails once is tried again before it counts as too high', async () => {
  const { asked, probe } = system(20_000)
  let failures = 0
  const found = await searchSaturation(async rate => {
    const honest = await probe(rate)
    // Each rate that is held fails at its first probe.
    if (honest.p99 !== 100 || asked.filter(each => each === rate).length > 1) return honest
    failures += 1
    return { ...honest, p99: 5_000 }
  })
  expect(failures).toBeGreaterThan(2)
  expect((found as number) * 1.1).toBeGreaterThanOrEqual(20_000 * 0.999)
})

test('a long run that does not hold is repeated lower, and not for ever', async () => {
  const fine = system(900)
  expect(await confirmSaturation(fine.probe, 1_000)).toMatchObject({ ratePerSecond: 900, p99: 100 })
  expect(fine.asked).toEqual([1_000, 900])
  const hopeless = system(1)
  expect(await confirmSaturation(hopeless.probe, 1_000)).toMatchObject({ p99: null })
  expect(hopeless.asked).toHaveLength(6)
})
