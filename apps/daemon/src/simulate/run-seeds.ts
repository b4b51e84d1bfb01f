import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { aborted, type Io } from '../io.ts'
import { moduleBeside } from './module-beside.ts'
import { makeSeedRunner, type SeedResult, type SeedRunnerOptions } from './seed-run.ts'

export interface SeedRange {
  readonly from: number
  readonly count: number
}

/** Which seeds of what, how, and who hears of each. */
export interface RunSeedsOptions extends SeedRunnerOptions {
  readonly range: SeedRange
  /** Threads; 1 runs everything in this very one, where a run under way cannot be interrupted. */
  readonly workers: number
  readonly onResult: (result: SeedResult) => void
}

/** Runs all seeds of a range, in no order; ends early without an error when the user wants it. */
export async function runSeeds(
  options: RunSeedsOptions,
  io: Pick<Io, 'program' | 'signal'>
): Promise<void> {
  const { workers, range } = options
  if (workers > 1) await runInThreads(options, Math.min(workers, range.count), io)
  else await runHere(options, io)
}

async function runHere(
  { range, onResult, ...options }: RunSeedsOptions,
  { signal }: Pick<Io, 'signal'>
): Promise<void> {
  const run = await makeSeedRunner(options)
  for (let seed = range.from; seed < range.from + range.count; seed++) {
    // A run lets nothing else happen, so signals are heard between two.
    await setImmediate()
    if (signal.aborted) return
    onResult(run(seed))
  }
}

async function runInThreads(
  { range, onResult, ...options }: RunSeedsOptions,
  threads: number,
  { program, signal }: Pick<Io, 'program' | 'signal'>
): Promise<void> {
  const { campaign, registry, withReport } = options
  const workerData: SeedRunnerOptions = { campaign, registry, withReport }
  const execArgv = conditionsIn(program.flags)
  const workers = Array.from(
    { length: threads },
    () => new Worker(moduleBeside(import.meta.url, './worker'), { workerData, execArgv })
  )
  const end = range.from + range.count
  let next = range.from
  const drain = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        if (next >= end) resolve()
        else worker.postMessage(next++)
      }
      worker.on('message', (result: SeedResult) => {
        if (signal.aborted) return
        onResult(result)
        give()
      })
      worker.once('error', reject)
      worker.once('exit', code => reject(new Error(`a thread ended by itself, with code ${code}`)))
      give()
    })
  try {
    await Promise.race([Promise.all(workers.map(drain)), aborted(signal)])
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()))
  }
}

/** Of the flags of Node, those by which modules are found, in each of their forms: `--conditions=x`, `--conditions x`, `-C x`. */
export function conditionsIn(flags: readonly string[]): string[] {
  return flags.flatMap((flag, at) => {
    if (flag.startsWith('--conditions=')) return [flag]
    const value = flags[at + 1]
    const isApart = flag === '--conditions' || flag === '-C'
    return isApart && value !== undefined ? [`--conditions=${value}`] : []
  })
}
