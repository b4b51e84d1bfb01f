import {
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  unlinkSync,
  write,
  writeSync,
  writevSync
} from 'node:fs'
import { promisify } from 'node:util'

/**
 * The file operations that the store needs, so that a test can fail one, tear one in half, or end the process at the
 * k-th. Every method throws what Node throws (`code: 'ENOSPC'` and so on).
 */
export interface FileSystem {
  /** `r` reads, `r+` reads and writes, `wx+` creates and refuses what exists. Created files have mode 0600. */
  open(path: string, flags: 'r' | 'r+' | 'wx+'): number
  close(fd: number): void
  size(fd: number): number
  /** Fills `into` from `position`; fewer bytes only at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): number
  /** May write less than asked, as the system call does. */
  writev(fd: number, parts: readonly Uint8Array[], position: number): number
  /**
   * Opens an existing file for `write`. `isDirect` goes past the page cache: memory and positions are then whole blocks of
   * 4096 bytes; a file system that cannot do it answers EINVAL, here or at the first write.
   */
  openBlocks(path: string, isDirect: boolean): number
  /** On a descriptor of `openBlocks`: durable when it resolves. May write less than asked. `bytes` must not change meanwhile. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>
  /** The same on the calling thread. */
  writeNow(fd: number, bytes: Uint8Array, position: number): number
  truncate(fd: number, length: number): void
  /** `writtenBytes`: roughly what was written since the last one. */
  sync(fd: number, writtenBytes: number): Promise<void>
  syncNow(fd: number): void
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): void
  rename(from: string, to: string): void
  unlink(path: string): void
  /** On another thread: with its last descriptor a removed file gives its blocks back, 40 ms for 128 MiB. */
  closeLater(fd: number): void
  list(path: string): string[]
  freeBytes(path: string): number
}

const fdatasyncAsync = promisify(fdatasync)
const writeAsync = promisify(write)
/** Undefined where the system has no such flag. */
const {
  O_DSYNC,
  O_DIRECT = 0,
  O_RDWR
} = constants as Partial<typeof constants> & {
  readonly O_RDWR: number
}

export const nodeFileSystem: FileSystem = {
  open: (path, flags) => openSync(path, flags, 0o600),
  close: closeSync,
  size: fd => fstatSync(fd).size,
  read(fd, into, position) {
    let done = 0
    while (done < into.length) {
      const count = readSync(fd, into, done, into.length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  },
  writev: (fd, parts, position) => writevSync(fd, parts, position),
  openBlocks: (path, isDirect) =>
    openSync(path, O_RDWR | (O_DSYNC ?? 0) | (isDirect ? O_DIRECT : 0)),
  async write(fd, bytes, position) {
    const { bytesWritten } = await writeAsync(fd, bytes, 0, bytes.length, position)
    if (O_DSYNC === undefined) await fdatasyncAsync(fd)
    return bytesWritten
  },
  writeNow(fd, bytes, position) {
    const count = writeSync(fd, bytes, 0, bytes.length, position)
    if (O_DSYNC === undefined) fdatasyncSync(fd)
    return count
  },
  truncate: ftruncateSync,
  sync: fd => fdatasyncAsync(fd),
  syncNow: fdatasyncSync,
  syncDirectory(path) {
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },
  rename: renameSync,
  unlink: unlinkSync,
  closeLater: fd => close(fd, () => undefined),
  list: path => readdirSync(path),
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  }
}

/** Writes all parts at `position`, however often the system call stops short. */
export function writeAll(
  files: FileSystem,
  fd: number,
  parts: readonly Uint8Array[],
  position: number
): void {
  let rest = parts.filter(part => part.length > 0)
  let at = position
  while (rest.length > 0) {
    const count = files.writev(fd, rest, at)
    at += count
    rest = skip(rest, count)
  }
}

function skip(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let left = count
  for (const part of parts) {
    if (left >= part.length) left -= part.length
    else {
      rest.push(part.subarray(left))
      left = 0
    }
  }
  return rest
}
