import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { probeDisk } from '../../src/bench/disk-probe.ts'

const left = () => readdirSync(tmpdir()).filter(name => name.startsWith('novacron-disk-'))

test('syncs blocks for as long as it is told, and leaves nothing', async () => {
  const before = left()
  const reading = await probeDisk(200, new AbortController().signal)
  expect(reading.syncs).toBeGreaterThan(0)
  expect(reading.maxMs).toBeGreaterThanOrEqual(reading.p50Ms)
  expect(left()).toEqual(before)
})

test('ends after one when nobody waits for it any more', async () => {
  expect((await probeDisk(60_000, AbortSignal.abort())).syncs).toBe(1)
})
