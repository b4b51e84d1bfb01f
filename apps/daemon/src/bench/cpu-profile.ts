import { readFileSync } from 'node:fs'

/** A function and its share of the samples in which the thread was not idle, own time alone. */
export interface ProfileRow {
  readonly name: string
  /** File and line, or empty for what is in Node or V8. */
  readonly place: string
  readonly percent: number
}

/** A `.cpuprofile` of V8, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  /** Microseconds of the monotonic clock, as `process.hrtime` tells it. */
  readonly startTime: number
}

/** A part of a profile, in microseconds of the monotonic clock. */
export interface ProfileSpan {
  readonly fromUs: number
  readonly toUs: number
}

export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

const idleNames: ReadonlySet<string> = new Set(['(idle)', '(root)'])

export function readProfile(path: string): CpuProfile {
  return JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
}

/** The functions that most time was spent in during `span`, without what they called. */
export function topOf(
  { nodes, samples, timeDeltas, startTime }: CpuProfile,
  rows: number,
  { fromUs, toUs }: ProfileSpan
): ProfileRow[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, { readonly name: string; readonly place: string; us: number }>()
  let busy = 0
  let at = startTime
  for (const [i, id] of samples.entries()) {
    const us = timeDeltas[i] ?? 0
    at += us
    const frame = frames.get(id)
    if (at < fromUs || at > toUs) continue
    if (frame === undefined || idleNames.has(frame.functionName)) continue
    const name = frame.functionName || '(anonymous)'
    const place = placeOf(frame.url, frame.lineNumber)
    const key = `${name} ${place}`
    const row = times.get(key) ?? { name, place, us: 0 }
    row.us += us
    times.set(key, row)
    busy += us
  }
  return [...times.values()]
    .sort((a, b) => b.us - a.us)
    .slice(0, rows)
    .map(({ name, place, us }) => ({
      name,
      place,
      percent: Number(((100 * us) / busy).toFixed(1))
    }))
}

/** The last parts of a path: where the program lies is of no interest. */
function placeOf(url: string, line: number): string {
  if (url === '') return ''
  const path = url.replace(/^file:\/\//, '')
  const short = /(?:packages|apps|node_modules)\/.*$/.exec(path)?.[0] ?? path
  return `${short}:${line + 1}`
}
