import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second here, on every architecture that Node runs on. */
const ticksPerSecond = 100
/** Fields 14 and 15 of `/proc/PID/stat`, counted from the one after the name, which may have blanks in it. */
const userField = 11
const systemField = 12

/**
 * CPU seconds of a process, from the kernel: of this very moment, where a busy process would take its time to answer. Undefined
 * when it is gone, or where the system has no such file.
 */
export function processCpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[userField]) + Number(fields[systemField])) / ticksPerSecond
  } catch {
    return undefined
  }
}
