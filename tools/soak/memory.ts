/** One look at one daemon under load. */
export interface MemorySample {
  /** After the load began. */
  readonly atSeconds: number
  readonly node: string
  readonly rssBytes: number
  /** Since its process started. */
  readonly peakRssBytes: number
  /** Of its data directory, as allocated. */
  readonly diskBytes: number
}

/** What a load may take of each daemon. */
export interface MemoryLimits {
  readonly rssBytesMax: number
  readonly diskBytesMax: number
  /** Of its mean, by which memory may grow in the second half by its slope there: collections come and go. */
  readonly growthMax: number
  /** Of the rate that was offered, below which the run says nothing about that rate. */
  readonly throughputMin: number
}

/** Those of the goal: 2 GiB of history, and as much again for what lies between it and the next checkpoint. */
export const defaultMemoryLimits: MemoryLimits = {
  rssBytesMax: 700e6,
  diskBytesMax: 4 * 1024 ** 3,
  growthMax: 0.1,
  throughputMin: 0.95
}

/** The course of one daemon. */
export interface DaemonMemory {
  readonly node: string
  /** At each fifth of the run. */
  readonly marks: readonly { readonly atSeconds: number; readonly rssBytes: number }[]
  /** Over the second half, by least squares. */
  readonly slopeBytesPerMinute: number
  /** By which memory grew in the second half by that slope, of its mean there. */
  readonly growth: number
  readonly peakRssBytes: number
  readonly peakDiskBytes: number
}

const parts = 5

/** By daemon, of the samples of a run of so many seconds; later ones do not count. */
export function memoryOf(
  samples: readonly MemorySample[],
  durationSeconds: number
): readonly DaemonMemory[] {
  const within = samples.filter(({ atSeconds }) => atSeconds <= durationSeconds)
  return [...Map.groupBy(within, ({ node }) => node)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, own]) => {
      const half = own.filter(({ atSeconds }) => atSeconds >= durationSeconds / 2)
      const perSecond = slopeOf(half)
      const mean = sumOf(half, ({ rssBytes }) => rssBytes) / Math.max(1, half.length)
      return {
        node,
        marks: Array.from({ length: parts }, (_, i) =>
          nearest(own, ((i + 1) * durationSeconds) / parts)
        ),
        slopeBytesPerMinute: Math.round(60 * perSecond),
        growth: Number(((perSecond * durationSeconds) / 2 / Math.max(1, mean)).toFixed(3)),
        peakRssBytes: Math.max(...own.map(({ peakRssBytes }) => peakRssBytes)),
        peakDiskBytes: Math.max(...own.map(({ diskBytes }) => diskBytes))
      }
    })
}

/** What was ordered, and by how many daemons. */
export interface MemoryRun {
  readonly nodes: number
  readonly ratePerSecond: number
  readonly throughput: number
  readonly agreement: boolean
}

/** Everything that was not reached, one line each; empty when all was. */
export function memoryFaults(
  run: MemoryRun,
  daemons: readonly DaemonMemory[],
  limits: MemoryLimits = defaultMemoryLimits
): readonly string[] {
  const { ratePerSecond, throughput } = run
  const faults = daemons.flatMap(({ node, growth, peakRssBytes, peakDiskBytes }) => [
    ...(growth <= limits.growthMax
      ? []
      : [`memory of ${node} grew by ${percent(growth)} in the second half`]),
    ...(peakRssBytes < limits.rssBytesMax ? [] : [`${node} took ${showMB(peakRssBytes)}`]),
    ...(peakDiskBytes < limits.diskBytesMax
      ? []
      : [`${node} took ${showGiB(peakDiskBytes)} of disk`])
  ])
  if (daemons.length < run.nodes) faults.push(`only ${daemons.length} daemons were seen`)
  if (throughput < limits.throughputMin * ratePerSecond) {
    faults.push(`only ${throughput} of ${ratePerSecond} tx/s were ordered`)
  }
  if (!run.agreement) faults.push('the daemons were not seen to agree')
  return faults
}

/** For people: a line for each daemon, and the verdict. */
export function describeMemory(
  daemons: readonly DaemonMemory[],
  faults: readonly string[],
  limits: MemoryLimits = defaultMemoryLimits
): string {
  const lines = daemons.map(({ node, marks, slopeBytesPerMinute, ...daemon }) => {
    const course = marks.map(mark => `${showMB(mark.rssBytes)} at ${mark.atSeconds} s`).join(', ')
    const slope = `${(slopeBytesPerMinute / 1e6).toFixed(1)} MB a minute in the second half (${percent(daemon.growth)} of its mean)`
    return `${node}: ${course}; ${slope}; peak ${showMB(daemon.peakRssBytes)}, disk ${showGiB(daemon.peakDiskBytes)} at most`
  })
  const rss = showMB(Math.max(0, ...daemons.map(({ peakRssBytes }) => peakRssBytes)))
  const disk = showGiB(Math.max(0, ...daemons.map(({ peakDiskBytes }) => peakDiskBytes)))
  const reached = `reached: level, ${rss} at most (under ${showMB(limits.rssBytesMax)}), ${disk} of disk at most (under ${showGiB(limits.diskBytesMax)})`
  const verdict = faults.length === 0 ? reached : `not reached: ${faults.join('; ')}`
  return [...lines, verdict].map(line => `${line}\n`).join('')
}

function nearest(
  samples: readonly MemorySample[],
  seconds: number
): { readonly atSeconds: number; readonly rssBytes: number } {
  const distance = ({ atSeconds }: MemorySample): number => Math.abs(atSeconds - seconds)
  const found = samples.reduce((best, each) => (distance(each) < distance(best) ? each : best))
  return { atSeconds: found.atSeconds, rssBytes: found.rssBytes }
}

/** Bytes a second, by least squares; 0 of fewer than two samples. */
function slopeOf(samples: readonly MemorySample[]): number {
  const count = Math.max(1, samples.length)
  const meanAt = sumOf(samples, ({ atSeconds }) => atSeconds) / count
  const meanRss = sumOf(samples, ({ rssBytes }) => rssBytes) / count
  const spread = sumOf(samples, ({ atSeconds }) => (atSeconds - meanAt) ** 2)
  const joint = sumOf(
    samples,
    ({ atSeconds, rssBytes }) => (atSeconds - meanAt) * (rssBytes - meanRss)
  )
  return spread === 0 ? 0 : joint / spread
}

function sumOf(samples: readonly MemorySample[], of: (sample: MemorySample) => number): number {
  return samples.reduce((sum, sample) => sum + of(sample), 0)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`
}

function showMB(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

function showGiB(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
