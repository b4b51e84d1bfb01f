import { type FileSystem, nodeFileSystem } from '../../src/store/file-system.ts'

/** Written of a block that does not fit. */
const shortCount = 100

export type FileOperation = keyof FileSystem

/** The real file system, of which a test can fail any operation. */
export interface FailingFiles extends FileSystem {
  /** Fails every `operation` from now on, on paths or descriptors alike, until `mend`. */
  fail(operation: FileOperation, code: string): void
  /** `write` and `writev` write this many bytes in all and then fail with ENOSPC. */
  fillAfter(bytes: number): void
  setFreeBytes(bytes: number): void
  /** As a file system that cannot write past the page cache. */
  refuseDirect(): void
  mend(): void
  /** Every operation in order. */
  readonly calls: FileOperation[]
}

export function failingFiles(): FailingFiles {
  const failures = new Map<FileOperation, string>()
  const calls: FileOperation[] = []
  let room = Number.POSITIVE_INFINITY
  let freeBytes: number | undefined
  let allowsDirect = true

  const enter = (operation: FileOperation): void => {
    calls.push(operation)
    const code = failures.get(operation)
    if (code !== undefined) throw systemError(code)
  }
  /** A block at most, so that short writes are the rule here; undefined where not even that fits. */
  const blocksWithRoom = (bytes: Uint8Array): Uint8Array | undefined => {
    if (room <= 0) throw systemError('ENOSPC')
    const length = Math.min(bytes.length, 4096)
    const fits = length <= room
    room = fits ? room - length : 0
    return fits ? bytes.subarray(0, length) : undefined
  }
  const real = nodeFileSystem
  return {
    calls,
    fail: (operation, code) => void failures.set(operation, code),
    fillAfter: bytes => {
      room = bytes
    },
    setFreeBytes: bytes => {
      freeBytes = bytes
    },
    refuseDirect: () => {
      allowsDirect = false
    },
    mend: () => {
      failures.clear()
      room = Number.POSITIVE_INFINITY
      freeBytes = undefined
    },
    open: (path, flags) => {
      enter('open')
      return real.open(path, flags)
    },
    close: fd => real.close(fd),
    closeLater: fd => real.closeLater(fd),
    size: fd => real.size(fd),
    read: (fd, into, position) => {
      enter('read')
      return real.read(fd, into, position)
    },
    writev: (fd, parts, position) => {
      enter('writev')
      if (room <= 0) throw systemError('ENOSPC')
      const first = parts[0] as Uint8Array
      // At most one part at a time, so that short writes are the rule here.
      const count = real.writev(fd, [first.subarray(0, Math.min(first.length, room))], position)
      room -= count
      return count
    },
    openBlocks: (path, isDirect) => {
      enter('openBlocks')
      if (isDirect && !allowsDirect) throw systemError('EINVAL')
      return real.openBlocks(path, isDirect)
    },
    write: async (fd, bytes, position) => {
      enter('write')
      const some = blocksWithRoom(bytes)
      return some === undefined ? shortCount : await real.write(fd, some, position)
    },
    writeNow: (fd, bytes, position) => {
      enter('writeNow')
      const some = blocksWithRoom(bytes)
      return some === undefined ? shortCount : real.writeNow(fd, some, position)
    },
    truncate: (fd, length) => {
      enter('truncate')
      real.truncate(fd, length)
    },
    sync: async (fd, writtenBytes) => {
      enter('sync')
      await real.sync(fd, writtenBytes)
    },
    syncNow: fd => {
      enter('syncNow')
      real.syncNow(fd)
    },
    syncDirectory: path => {
      enter('syncDirectory')
      real.syncDirectory(path)
    },
    rename: (from, to) => {
      enter('rename')
      real.rename(from, to)
    },
    unlink: path => {
      enter('unlink')
      real.unlink(path)
    },
    list: path => real.list(path),
    freeBytes: path => {
      enter('freeBytes')
      return freeBytes ?? real.freeBytes(path)
    }
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
