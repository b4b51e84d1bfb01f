import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type CpuProfile, monotonicUs, readProfile, topOf } from '../../src/bench/cpu-profile.ts'
import { testDirectory } from '../test-directory.ts'

const frame = (id: number, functionName: string, url = '', lineNumber = -1) => ({
  id,
  callFrame: { functionName, url, lineNumber }
})
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    frame(1, '(root)'),
    frame(2, '(idle)'),
    frame(3, 'step', 'file:///somewhere/packages/node/dist/driver.js', 9),
    frame(4, '', 'node:net', 4),
    frame(5, 'step', 'file:///somewhere/packages/node/dist/driver.js', 9)
  ],
  samples: [3, 2, 4, 5, 1, 4, 99],
  timeDeltas: [10, 100, 20, 30, 5, 40, 7]
}

test('time is summed by function, without idle time, most first', () => {
  expect(topOf(profile, 5, { fromUs: 0, toUs: 2_000 })).toEqual([
    { name: '(anonymous)', place: 'node:net:5', percent: 60 },
    { name: 'step', place: 'packages/node/dist/driver.js:10', percent: 40 }
  ])
  expect(topOf(profile, 1, { fromUs: 0, toUs: 2_000 })).toHaveLength(1)
})

test('only samples of the span count', () => {
  // Samples end at 1010, 1110, 1130, 1160, 1165 and 1205.
  expect(topOf(profile, 5, { fromUs: 1_120, toUs: 1_160 })).toEqual([
    { name: 'step', place: 'packages/node/dist/driver.js:10', percent: 60 },
    { name: '(anonymous)', place: 'node:net:5', percent: 40 }
  ])
  expect(topOf(profile, 5, { fromUs: 5_000, toUs: 6_000 })).toEqual([])
})

test('a profile is read from its file', () => {
  const path = join(testDirectory(), 'one.cpuprofile')
  writeFileSync(path, JSON.stringify(profile))
  expect(readProfile(path)).toEqual(profile)
})

test('the clock of a profile goes up', () => {
  const before = monotonicUs()
  expect(monotonicUs()).toBeGreaterThanOrEqual(before)
})
