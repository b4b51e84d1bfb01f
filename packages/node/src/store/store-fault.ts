import { Fault } from '@novacron/base'

/** What can go wrong between the store and its disk. */
export type StoreFacts =
  /** No space (or quota) left: nothing is lost, `retry` goes on when there is room. */
  | { readonly code: 'disk-full'; readonly path: string; readonly reason: string }
  /** The disk failed in a way that a retry cannot mend; the process must stop and start again. */
  | { readonly code: 'io'; readonly path: string; readonly reason: string }
  /** More writes wait than `queuedBytesMax` allows; the process must stop, since one of them was refused. */
  | { readonly code: 'queue-full'; readonly queuedBytes: number; readonly queuedBytesMax: number }
  | { readonly code: 'store-closed' }
  | { readonly code: 'store-crashed' }
  | { readonly code: 'directory-in-use'; readonly pid: number; readonly path: string }
  | { readonly code: 'bad-file'; readonly path: string; readonly reason: string }

export type StoreFault = Fault<StoreFacts>

const fullDiskCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])
// LevelDB gives the text of `strerror` alone.
const fullDiskText = /no space left|quota exceeded/i

/** Turns whatever a system call or LevelDB threw into one of our faults. */
export function toStoreFault(error: unknown, path: string): StoreFault {
  if (error instanceof Fault) return error
  const reason = reasonOf(error)
  return new Fault<StoreFacts>(
    { code: isFullDisk(error) ? 'disk-full' : 'io', path, reason },
    { cause: error }
  )
}

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (fullDiskCodes.has((error as NodeJS.ErrnoException).code)) return true
  return fullDiskText.test(error.message) || isFullDisk(error.cause)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
