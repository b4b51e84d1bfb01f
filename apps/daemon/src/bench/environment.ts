import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { softwareVersion } from '@novacron/node'

/** Where a figure was measured; without it the figure says little. */
export interface Environment {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  /** Of 1, 5 and 15 minutes, before the run: other work on the machine shows here. */
  readonly loadAverage: readonly number[]
  /** When the run began, ISO 8601. */
  readonly date: string
  /** Commit of the checkout, with `-dirty` where files differ from it; the version where there is no checkout. */
  readonly build: string
  /** Ed25519 signatures that one core checks in a second by OpenSSL, before the run: hours of a shared machine differ. */
  readonly verificationsPerSecond: number
}

const checkout = join(import.meta.dirname, '../../../..')
const verifyMs = 200

export function environmentNow(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadAverage: loadavg().map(value => Number(value.toFixed(2))),
    date: new Date().toISOString(),
    build: buildOf(checkout),
    verificationsPerSecond: verificationsPerSecond(verifyMs)
  }
}

/** Of a directory that is within a checkout, and not the root of it, the checkout is of something else. */
export function buildOf(root: string): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['--no-optional-locks', '-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    }).trim()
  try {
    if (git('rev-parse', '--show-prefix') !== '') return softwareVersion
    return git('describe', '--always', '--dirty', '--exclude=*')
  } catch {
    return softwareVersion
  }
}

function verificationsPerSecond(forMs: number): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.alloc(64)
  const signature = sign(null, message, privateKey)
  const startedAt = performance.now()
  let count = 0
  let elapsedMs = 0
  do {
    verify(null, message, publicKey, signature)
    count++
    elapsedMs = performance.now() - startedAt
  } while (elapsedMs < forMs)
  return Math.round((count / elapsedMs) * 1_000)
}

/** CPU seconds that everything on this machine has used together, since it started; idle time is not in it. */
export function machineCpuSeconds(): number {
  let ms = 0
  for (const { times } of cpus()) ms += times.user + times.nice + times.sys + times.irq
  return ms / 1_000
}
