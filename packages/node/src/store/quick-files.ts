import { DiskPace } from './disk-pace.ts'
import type { FileSystem } from './file-system.ts'

/** More takes its time on any disk, and would hold up the event loop for it. */
const waitedBytesMax = 65_536

/** The same files; writes and syncs of little are waited for on the main thread as long as the disk is quick. */
export function quickFiles(
  files: FileSystem,
  nowMs: () => number = () => performance.now()
): FileSystem {
  const pace = new DiskPace()
  const timed = <T>(work: () => T): T => {
    const startMs = nowMs()
    try {
      return work()
    } finally {
      pace.onWaited(nowMs() - startMs)
    }
  }
  return {
    ...files,
    async write(fd, bytes, position) {
      if (bytes.length > waitedBytesMax || !pace.mayWait(nowMs())) {
        return files.write(fd, bytes, position)
      }
      return timed(() => files.writeNow(fd, bytes, position))
    },
    async sync(fd, writtenBytes) {
      if (writtenBytes > waitedBytesMax || !pace.mayWait(nowMs())) {
        return files.sync(fd, writtenBytes)
      }
      timed(() => files.syncNow(fd))
    }
  }
}
