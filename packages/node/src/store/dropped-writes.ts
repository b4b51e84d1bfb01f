import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@novacron/base'
import type { StoreFacts } from './store-fault.ts'

/**
 * LevelDB leaves out what it cannot read of its log of writes, goes on with what comes after, and only says so in its file
 * `LOG`. What remains is no state that ever was: a commit without its effects, or effects without their commit. A torn end is
 * another matter, and is not reported there: it is what a crash leaves.
 */
const dropped = /: dropping (\d+) bytes; (.*)$/m
/** LevelDB's own file begins anew at each opening, so what it said is kept under another name. */
const verdictName = 'damaged'

/** Keeps what the last opening said of writes that were left out. True when there were some. */
export function noteDroppedWrites(directory: string): boolean {
  const [, bytes, reason] = dropped.exec(readText(join(directory, 'LOG'))) ?? []
  if (bytes === undefined) return false
  const verdict = `its log of writes is damaged, ${bytes} bytes cannot be read: ${reason}`
  writeFileSync(join(directory, verdictName), verdict, { mode: 0o600, flush: true })
  return true
}

/** @throws {StoreFault} `bad-file` for a database that has lost writes, now or at an earlier opening. */
export function refuseDamaged(directory: string): void {
  const reason = readText(join(directory, verdictName))
  if (reason !== '') throw new Fault<StoreFacts>({ code: 'bad-file', path: directory, reason })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // LevelDB finds better words for a directory that is none.
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw error
  }
}
