import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { socketPathBytesMax } from '../api/unix-socket.ts'
import { configFault } from './config-fault.ts'

/** Where a node's sockets are. Disposing removes what was made outside the data directory. */
export interface SocketPlace extends Disposable {
  readonly control: string
  readonly ingest: string
}

const controlName = 'control.sock'
const ingestName = 'ingest.sock'

/**
 * Chooses a directory for the sockets: `preferred` (the data directory by default), or, when a path there would be longer than
 * a socket's may be, a short one of mode 0700 under XDG_RUNTIME_DIR or the temporary directory. In that case, and for any
 * directory but the data directory, `control.sock.path` in the data directory says where.
 *
 * throws  ConfigFault `file-mode` when others may enter the short directory, `file-unreadable` when there is none
 */
export function placeSockets(dataDirectory: string, preferred: string | null = null): SocketPlace {
  const wanted = preferred ?? dataDirectory
  const isShort = fits(wanted)
  const directory = isShort ? wanted : shortDirectory(dataDirectory)
  const pointer = pointerPath(dataDirectory)
  const control = join(directory, controlName)
  if (directory === dataDirectory) rmSync(pointer, { force: true })
  else writeFileSync(pointer, `${control}\n`, { mode: 0o600 })
  return {
    control,
    ingest: join(directory, ingestName),
    [Symbol.dispose]: () => {
      if (directory === dataDirectory) return
      rmSync(pointer, { force: true })
      if (!isShort) rmSync(directory, { recursive: true, force: true })
    }
  }
}

/** The control socket of a data directory, for clients; the node may be down. */
export function findControlSocket(dataDirectory: string): string {
  try {
    return readFileSync(pointerPath(dataDirectory), 'utf8').trimEnd()
  } catch {
    return join(dataDirectory, controlName)
  }
}

function pointerPath(dataDirectory: string): string {
  return join(dataDirectory, `${controlName}.path`)
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, controlName)) <= socketPathBytesMax
}

function shortDirectory(dataDirectory: string): string {
  const id = createHash('sha256').update(realpathSync(dataDirectory)).digest('hex').slice(0, 16)
  const runtime = process.env['XDG_RUNTIME_DIR']
  const bases = [...(runtime !== undefined && isAbsolute(runtime) ? [runtime] : []), tmpdir()]
  for (const base of bases) {
    const directory = join(base, `novacron-${id}`)
    if (fits(directory) && makeOwn(directory)) return directory
  }
  throw configFault({
    code: 'file-unreadable',
    path: join(dataDirectory, controlName),
    reason: `a socket path may have ${socketPathBytesMax} bytes, and ${bases.join(' and ')} will not do either`,
    remedy: 'use a shorter data directory, or set api.socketDirectory'
  })
}

/** True when the directory is there and only ours; somebody else's of that name is an attack or an accident. */
function makeOwn(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  const found = lstatSync(directory)
  const mode = found.mode & 0o777
  const isOwn = found.isDirectory() && found.uid === process.getuid?.()
  if (isOwn && (mode & 0o077) === 0) return true
  throw configFault({
    code: 'file-mode',
    path: directory,
    mode: `0${mode.toString(8)} of user ${found.uid}`,
    allowed: '0700 of your own',
    remedy: `look who made it, then run: rm -r ${directory}`
  })
}
