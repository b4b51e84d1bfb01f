import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { probeDisk } from '../../src/bench/disk-probe.ts'

function makeParent(): string {
  const parent = mkdtempSync(join(tmpdir(), 'novacron-test-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  return parent
}

test('syncs blocks for as long as it is told, and leaves nothing', async () => {
  const parent = makeParent()
  const reading = await probeDisk(200, new AbortController().signal, parent)
  expect(reading.syncs).toBeGreaterThan(0)
  expect(reading.maxMs).toBeGreaterThanOrEqual(reading.p50Ms)
  expect(readdirSync(parent)).toEqual([])
})

test('ends after one when nobody waits for it any more', async () => {
  expect((await probeDisk(60_000, AbortSignal.abort(), makeParent())).syncs).toBe(1)
})

test('a directory that takes nothing is named, with what to do', async () => {
  const parent = join(makeParent(), 'missing')
  const { signal } = new AbortController()
  await expect(probeDisk(200, signal, parent)).rejects.toMatchObject({
    facts: {
      code: 'failed',
      message: expect.stringMatching(
        /missing cannot be used \(.*ENOENT\); make the directory.*; TMPDIR names it$/
      )
    }
  })
})
