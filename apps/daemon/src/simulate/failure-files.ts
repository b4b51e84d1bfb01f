import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

/** Writes `NAME.json`; returns its path. */
export async function writeFailure(
  directory: string,
  name: string,
  failure: FailureFile
): Promise<string> {
  const path = join(directory, `${name}.json`)
  try {
    await mkdir(directory, { recursive: true })
    await writeFile(path, `${JSON.stringify(failure, null, 2)}\n`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw commandFault(
      'failed',
      `${path} cannot be written (${code}); give --write-failures a directory that can`,
      error
    )
  }
  return path
}
