import { closeSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@novacron/base'
import type { StoreFacts } from './store-fault.ts'

/** Holds a data directory for one process. */
export interface DirectoryLock extends Disposable {
  readonly path: string
}

interface Owner {
  readonly pid: number
  /** Boot-relative start time of the process in clock ticks; undefined where the system does not tell. */
  readonly startedAt: string | undefined
}

/** Tries to take over a stale lock at most this often before it reports the directory as in use. */
const attemptsMax = 3

/**
 * Takes the file `lock` in `directory`. A lock whose process is gone is taken over; so is one whose process id was given
 * to another process since, where the system tells start times (Linux).
 *
 * throws  StoreFault `directory-in-use` with the owner's process id
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, 'lock')
  const self: Owner = { pid: process.pid, startedAt: startTimeOf(process.pid) }
  const text = `${JSON.stringify(self)}\n`
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (create(path, text)) return { path, [Symbol.dispose]: () => release(path, text) }
    const found = readText(path)
    if (found === undefined) continue
    const owner = parseOwner(found)
    if (owner !== undefined && isAlive(owner)) throw inUse(owner.pid, path)
    moveAway(path, found)
  }
  throw inUse(parseOwner(readText(path) ?? '')?.pid ?? 0, path)
}

/** The process that holds `directory` now; undefined when none does. Takes nothing and changes nothing. */
export function lockOwnerOf(directory: string): number | undefined {
  const owner = parseOwner(readText(join(directory, 'lock')) ?? '')
  return owner !== undefined && isAlive(owner) ? owner.pid : undefined
}

function inUse(pid: number, path: string): Fault<StoreFacts> {
  return new Fault({ code: 'directory-in-use', pid, path })
}

function create(path: string, text: string): boolean {
  try {
    const fd = openSync(path, 'wx', 0o600)
    try {
      writeSync(fd, text)
    } finally {
      closeSync(fd)
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Renames first and looks after, so that of two processes that find a stale lock only one removes it. */
function moveAway(path: string, stale: string): void {
  const aside = `${path}.stale-${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readText(aside) === stale) unlinkSync(aside)
  // Another process was faster and this is its fresh lock: give it back.
  else renameSync(aside, path)
}

function release(path: string, text: string): void {
  if (readText(path) === text) unlinkSync(path)
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for a lock that was cut short while it was written: its writer never held it for long. */
function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, startedAt } = JSON.parse(text)
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { pid, startedAt: typeof startedAt === 'string' ? startedAt : undefined }
  } catch {
    return undefined
  }
}

function isAlive({ pid, startedAt }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = startTimeOf(pid)
  return startedAt === undefined || now === undefined || now === startedAt
}

/** Field 22 of /proc/PID/stat, counted after the command name, which may contain anything in its parentheses. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
