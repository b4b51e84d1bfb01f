import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory that only its owner opens, removed after the test. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ncd-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
