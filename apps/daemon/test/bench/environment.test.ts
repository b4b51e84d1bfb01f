import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { softwareVersion } from '@novacron/node'
import { expect, onTestFinished, test } from 'vitest'
import { buildOf, environmentNow } from '../../src/bench/environment.ts'

test('says which build it is, and how fast the machine is', () => {
  const { build, verificationsPerSecond } = environmentNow()
  // A commit in a checkout, the version in an archive of it.
  expect(build).toMatch(/^([0-9a-f]{7,40}(-dirty)?|\d+\.\d+\.\d+)$/)
  expect(verificationsPerSecond).toBeGreaterThan(0)
})

test('a checkout around a directory is not taken for its own', () => {
  expect(buildOf(import.meta.dirname)).toBe(softwareVersion)
  const directory = mkdtempSync(join(tmpdir(), 'novacron-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  expect(buildOf(directory)).toBe(softwareVersion)
})
