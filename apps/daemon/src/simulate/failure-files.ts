import { mkdir, mkdtemp, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Scenario } from '@novacron/simulator'
import { commandFault } from '../command-fault.ts'

/** Files written at most; beyond that, more of them help nobody. */
export const failureFilesMax = 100

/** What `--scenario` reads again. */
export interface FailureFile {
  readonly protocol: string
  readonly seed: number
  readonly verdict: string
  readonly facts: string
  readonly replay: string
  readonly scenario: Scenario
}

/**
 * Makes the directory where there is none, and proves that something can be made in it: what takes an hour to find is not
 * to be lost for it afterwards.
 *
 * throws  Fault<CommandFacts> with the path and what to give instead
 */
export async function prepareFailures(directory: string): Promise<void> {
  try {
    for (const each of await missingOf(directory)) await makeUnlessThere(each)
    await rmdir(await mkdtemp(join(directory, '.writable-')))
  } catch (error) {
    throw unwritable(directory, error)
  }
}

/** Where `NAME.json` is. */
export function failurePath(directory: string, name: string): string {
  return join(directory, `${name}.json`)
}

export async function writeFailure(path: string, failure: FailureFile): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(failure, null, 2)}\n`)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** It and what it lies in, as far as they are not there, from above. `mkdir` would try for ever where /proc refuses. */
async function missingOf(directory: string): Promise<readonly string[]> {
  const missing: string[] = []
  for (let path = resolve(directory); !(await isThere(path)); path = dirname(path)) {
    missing.unshift(path)
  }
  return missing
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function makeUnlessThere(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    // Another command was quicker; whether it can be used is seen next.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

function unwritable(path: string, error: unknown): Error {
  const problem = `${path} cannot be written (${codeOf(error)})`
  return commandFault('failed', `${problem}; give --write-failures a directory that can`, error)
}
