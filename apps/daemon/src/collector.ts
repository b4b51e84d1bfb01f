import { setFlagsFromString } from 'node:v8'
import { missingOf } from './daemon-flags.ts'

const bufferFlag = '--external-memory-accounted-in-global-limit'
/** By default V8 waits for up to four times what it found in use. */
const growthFlag = '--heap-growing-percent=150'

/**
 * Sets when V8 collects the whole heap. Buffers weigh like the rest of it: by default it does so whenever they have grown by
 * 64 MiB, which a daemon under load reads in a second or two, and marking took a third of its CPU. With the first flag the young
 * collections, which cost next to nothing, free them. With the second it does so once there is two and a half times what the
 * last one found in use: every 20 s under load, with less to hold in memory and less to do at once.
 *
 * To be called first in a process; what the operator has set holds, and where V8 no longer knows a flag it says so and goes on.
 */
export function tuneCollector(): void {
  for (const flag of missingOf([bufferFlag, growthFlag], process.execArgv)) setFlagsFromString(flag)
}
