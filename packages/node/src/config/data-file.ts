import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { configFault } from './config-fault.ts'
import { fileTroubleOf } from './file-trouble.ts'

/** Writes the whole file or nothing: a new file is written, synced, and renamed into place. */
function writeFileAtomically(path: string, content: string, mode: number): void {
  const fresh = `${path}.new`
  rmSync(fresh, { force: true })
  const fd = openSync(fresh, 'wx', mode)
  try {
    // The umask may have taken bits away.
    fchmodSync(fd, mode)
    writeFileSync(fd, content)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, path)
  syncDirectory(dirname(path))
}

/** @throws {ConfigFault} `file-exists`, `file-unwritable` */
export function writeNewFile(path: string, content: string, mode: number): void {
  refuseExisting(path, 'name')
  try {
    writeFileAtomically(path, content, mode)
  } catch (error) {
    throw toWriteFault(error, path)
  }
}

/** `other` says what else to choose. @throws {ConfigFault} `file-exists` */
export function refuseExisting(path: string, other: 'directory' | 'name'): void {
  if (!existsSync(path)) return
  const remedy = `nothing was changed: choose another ${other}, or move it away`
  throw configFault({ code: 'file-exists', path, remedy })
}

/** @throws {ConfigFault} `file-missing` with `remedy`, `file-unreadable` */
export function readTextFile(path: string, bytesMax: number, remedy: string): string {
  try {
    const { size } = statSync(path)
    if (size > bytesMax) {
      const reason = `${size} bytes, allowed are ${bytesMax}`
      throw configFault({ code: 'file-unreadable', path, reason, remedy })
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw toReadFault(error, path, remedy)
  }
}

/** Parses JSON. @throws {ConfigFault} `file-unreadable` with the parser's position */
export function parseJson(content: string, path: string): unknown {
  try {
    return JSON.parse(content)
  } catch (error) {
    const reason = `not JSON: ${(error as Error).message}`
    throw configFault({ code: 'file-unreadable', path, reason, remedy: 'mend the file' }, error)
  }
}

/** Of mode 0700 or less. @throws {ConfigFault} `file-missing`, `file-unreadable` for a file, `file-mode` */
export function requirePrivateDirectory(path: string, missingRemedy: string): void {
  requirePrivate(path, 0o700, missingRemedy, 'directory')
}

/** @throws {ConfigFault} `file-mode` when anyone but the owner may do anything, naming the remedy */
export function requirePrivate(
  path: string,
  allowedMode: number,
  missingRemedy: string,
  kind: 'file' | 'directory' = 'file'
): void {
  if (process.platform === 'win32') return
  let mode: number
  try {
    const found = statSync(path)
    if (kind === 'directory' && !found.isDirectory()) {
      const reason = 'it is no directory'
      throw configFault({ code: 'file-unreadable', path, reason, remedy: 'name a directory' })
    }
    mode = found.mode & 0o777
  } catch (error) {
    throw toReadFault(error, path, missingRemedy)
  }
  if ((mode & ~allowedMode) === 0) return
  const allowed = octal(allowedMode)
  const remedy = `run: chmod ${allowed} ${path}`
  throw configFault({ code: 'file-mode', path, mode: octal(mode), allowed, remedy })
}

/**
 * Makes a directory of mode 0700, and those above it that are missing. One by one: where nothing can be made, as in /proc, the
 * recursive form never returns.
 *
 * throws  ConfigFault `file-unwritable`
 */
export function makePrivateDirectory(path: string): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at)
  try {
    for (const directory of missing.reverse()) makeDirectory(directory)
    // Refuses a file of that name, as making it would.
    if (!statSync(path).isDirectory()) mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toWriteFault(error, path)
    // The one above it is there, and will have nothing made in it.
    const reason = 'nothing can be made there, ENOENT'
    const remedy = 'choose another path'
    throw configFault({ code: 'file-unwritable', path, reason, remedy }, error)
  }
}

/** Another process may make it at the same time. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`
}

function toReadFault(error: unknown, path: string, remedy: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return configFault({ code: 'file-missing', path, remedy }, error)
  if (typeof code !== 'string' || !/^E[A-Z]/.test(code)) return error
  return configFault({ code: 'file-unreadable', path, reason: code, remedy }, error)
}

function toWriteFault(error: unknown, path: string): unknown {
  const trouble = fileTroubleOf(error)
  return trouble === undefined
    ? error
    : configFault({ code: 'file-unwritable', path, ...trouble }, error)
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
