/** What a system call on a file refused, in words, and what to do about it. */
export interface FileTrouble {
  readonly reason: string
  readonly remedy: string
}

const elsewhere = 'choose another path'

/** Foreseeable ends of a system call on a path that somebody named. */
const troubles: Readonly<Record<string, FileTrouble>> = {
  ENOENT: { reason: 'its directory is not there', remedy: `make the directory, or ${elsewhere}` },
  ENOTDIR: { reason: 'a part of the path is a file', remedy: elsewhere },
  EEXIST: { reason: 'something else has this name', remedy: elsewhere },
  EISDIR: { reason: 'it is a directory', remedy: 'name a file' },
  EACCES: { reason: 'this user may not', remedy: `change who may, or ${elsewhere}` },
  EPERM: { reason: 'this user may not', remedy: `change who may, or ${elsewhere}` },
  EROFS: { reason: 'the file system can only be read', remedy: elsewhere },
  ENOSPC: { reason: 'the file system is full', remedy: 'make room' },
  EDQUOT: { reason: 'the quota of this user is used up', remedy: 'make room' },
  ENAMETOOLONG: { reason: 'the name is too long', remedy: 'choose a shorter one' },
  ELOOP: { reason: 'its links lead in a circle', remedy: elsewhere },
  EMFILE: { reason: 'too many open files', remedy: 'raise the limit: ulimit -n' }
}

/** Undefined for anything but a foreseeable error of a system call. */
export function fileTroubleOf(error: unknown): FileTrouble | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  if (typeof code !== 'string' || !Object.hasOwn(troubles, code)) return undefined
  const { reason, remedy } = troubles[code] as FileTrouble
  return { reason: `${reason}, ${code}`, remedy }
}
