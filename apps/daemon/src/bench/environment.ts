import { availableParallelism, cpus, loadavg } from 'node:os'

/** Where a figure was measured; without it the figure says little. */
export interface Environment {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  /** Of 1, 5 and 15 minutes, before the run: other work on the machine shows here. */
  readonly loadAverage: readonly number[]
  /** When the run began, ISO 8601. */
  readonly date: string
}

export function environmentNow(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadAverage: loadavg().map(value => Number(value.toFixed(2))),
    date: new Date().toISOString()
  }
}

/** CPU seconds that everything on this machine has used together, since it started; idle time is not in it. */
export function machineCpuSeconds(): number {
  let ms = 0
  for (const { times } of cpus()) ms += times.user + times.nice + times.sys + times.irq
  return ms / 1_000
}
