import assert from 'node:assert/strict'
import { closeSync, cpSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FileSystem, nodeFileSystem } from '../../src/store/file-system.ts'

/** The real file system, which remembers what a power cut would leave. */
export interface PowerLossFiles extends FileSystem {
  /**
   * Copies a directory as a power cut would leave it right now: files cut to what was synced, zeros where a write within that
   * was not, unsynced entries gone.
   */
  copyAfterPowerLoss(directory: string, copy: string): void
}

const triesMax = 100

/**
 * Copies while nothing comes or goes: LevelDB has a thread of its own, and removes files that it has merged, between two of the
 * copied ones too. It never uses a name again.
 */
function copyAtRest(directory: string, copy: string, filter: (source: string) => boolean): void {
  for (let tries = 1; !isCopiedAtRest(directory, copy, filter); tries++) {
    assert(tries < triesMax, `${directory} changed during each of ${triesMax} copies`)
    rmSync(copy, { recursive: true, force: true })
  }
}

function isCopiedAtRest(
  directory: string,
  copy: string,
  filter: (source: string) => boolean
): boolean {
  const before = namesIn(directory)
  try {
    cpSync(directory, copy, { recursive: true, filter })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  return namesIn(directory) === before
}

function namesIn(directory: string): string {
  return readdirSync(directory, { recursive: true }).join('\n')
}

export function powerLossFiles(): PowerLossFiles {
  const pathOf = new Map<number, string>()
  const syncedLength = new Map<string, number>()
  const unsynced = new Map<string, { position: number; length: number }[]>()
  const durableEntries = new Set<string>()
  const real = nodeFileSystem

  const noteSync = (fd: number, length: number): void => {
    const path = pathOf.get(fd)
    if (path !== undefined) syncedLength.set(path, Math.max(length, syncedLength.get(path) ?? 0))
  }
  return {
    ...real,
    open(path, flags) {
      const fd = real.open(path, flags)
      pathOf.set(fd, path)
      if (flags === 'wx+') syncedLength.set(path, 0)
      else if (!syncedLength.has(path)) {
        // It was there before: durable as it is.
        syncedLength.set(path, real.size(fd))
        durableEntries.add(path)
      }
      return fd
    },
    openBlocks(path, isDirect) {
      const fd = real.openBlocks(path, isDirect)
      pathOf.set(fd, path)
      return fd
    },
    writev(fd, parts, position) {
      const length = real.writev(fd, parts, position)
      const path = pathOf.get(fd) ?? ''
      unsynced.set(path, [...(unsynced.get(path) ?? []), { position, length }])
      return length
    },
    async write(fd, bytes, position) {
      const count = await real.write(fd, bytes, position)
      noteSync(fd, position + count)
      return count
    },
    writeNow(fd, bytes, position) {
      const count = real.writeNow(fd, bytes, position)
      noteSync(fd, position + count)
      return count
    },
    close(fd) {
      pathOf.delete(fd)
      real.close(fd)
    },
    closeLater(fd) {
      pathOf.delete(fd)
      real.closeLater(fd)
    },
    async sync(fd, writtenBytes) {
      // What is written while the sync runs is not promised.
      const length = real.size(fd)
      const path = pathOf.get(fd) ?? ''
      const covered = unsynced.get(path)?.length ?? 0
      await real.sync(fd, writtenBytes)
      noteSync(fd, length)
      unsynced.get(path)?.splice(0, covered)
    },
    syncNow(fd) {
      real.syncNow(fd)
      noteSync(fd, real.size(fd))
      unsynced.delete(pathOf.get(fd) ?? '')
    },
    syncDirectory(path) {
      real.syncDirectory(path)
      for (const name of readdirSync(path)) durableEntries.add(join(path, name))
    },
    rename(from, to) {
      real.rename(from, to)
      for (const [fd, path] of pathOf) if (path === from) pathOf.set(fd, to)
      syncedLength.set(to, syncedLength.get(from) ?? 0)
      syncedLength.delete(from)
    },
    unlink(path) {
      real.unlink(path)
      syncedLength.delete(path)
      unsynced.delete(path)
    },
    copyAfterPowerLoss(directory, copy) {
      const isOurs = (source: string): boolean =>
        source === directory || basename(source) !== 'lock' || dirname(source) !== directory
      copyAtRest(directory, copy, isOurs)
      for (const [path, length] of syncedLength) {
        const copied = join(copy, path.slice(directory.length))
        if (!durableEntries.has(path)) {
          rmSync(copied, { force: true })
          continue
        }
        for (const range of unsynced.get(path) ?? []) zero(copied, range)
        truncateSync(copied, length)
      }
    }
  }
}

function zero(path: string, { position, length }: { position: number; length: number }): void {
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, new Uint8Array(length), 0, length, position)
  } finally {
    closeSync(fd)
  }
}
