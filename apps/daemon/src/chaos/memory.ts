import { readFileSync, writeFileSync } from 'node:fs'

/** What became of the memory of a process over a time. */
export type MemoryCourse =
  /** From what it was to the most that it was. */
  | { readonly type: 'measured'; readonly growthBytes: number }
  /** Another process, or none: what was to be measured is gone. */
  | { readonly type: 'replaced' }
  /** The system does not tell. */
  | { readonly type: 'unknown' }

/** What is wrong with it; a system that does not tell is no excuse where it is known to. */
export function checkMemory(
  node: string,
  course: MemoryCourse,
  growthBytesMax: number
): readonly string[] {
  switch (course.type) {
    case 'measured': {
      const growth = Math.round(course.growthBytes / 1024 / 1024)
      return course.growthBytes <= growthBytesMax ? [] : [`memory of ${node} rose by ${growth} MiB`]
    }
    case 'replaced':
      return [`${node} ended or was started again, so its memory says nothing`]
    case 'unknown':
      return process.platform === 'linux' ? [`memory of ${node} could not be read`] : []
  }
}

interface Reading {
  readonly residentBytes: number
  /** Since the process started, or since it was last forgotten. */
  readonly peakBytes: number
}

/** Measures a process from now on; `end` with the process that is there then. */
export function meterMemory(pid: number | undefined): {
  readonly end: (pidAfter: number | undefined) => MemoryCourse
} {
  const isForgotten = forgetPeak(pid)
  const before = read(pid)
  return {
    end: pidAfter => {
      const after = read(pid)
      if (before === undefined) return { type: 'unknown' }
      if (after === undefined || pidAfter !== pid) return { type: 'replaced' }
      // An old peak that could not be forgotten and was not reached again says nothing about this time.
      const hasPeak = isForgotten || after.peakBytes > before.peakBytes
      const most = hasPeak ? after.peakBytes : after.residentBytes
      return { type: 'measured', growthBytes: most - before.residentBytes }
    }
  }
}

/** Lets the kernel begin anew with the peak of a process; false where it does not. */
function forgetPeak(pid: number | undefined): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch {
    return false
  }
}

/** Undefined where the system does not tell, or the process is gone. */
function read(pid: number | undefined): Reading | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kibOf = (name: string): number | undefined => {
      const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
      return kib === undefined ? undefined : Number(kib)
    }
    const [resident, peak] = [kibOf('VmRSS'), kibOf('VmHWM')]
    if (resident === undefined || peak === undefined) return undefined
    return { residentBytes: resident * 1024, peakBytes: peak * 1024 }
  } catch {
    return undefined
  }
}
