/** A result of `node tools/soak.ts --memory`, as far as the page shows it. */
export interface MemoryResult {
  readonly command: string
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly loadAverage: readonly number[]
  }
  readonly settings: {
    readonly durationSeconds: number
    readonly limits: { readonly growthMax: number }
  }
  readonly daemons: readonly {
    readonly node: string
    readonly marks: readonly { readonly atSeconds: number; readonly rssBytes: number }[]
    readonly slopeBytesPerMinute: number
    readonly growth: number
    readonly peakRssBytes: number
    readonly peakDiskBytes: number
  }[]
  readonly faults: readonly string[]
  readonly summary: {
    readonly throughput: number
    readonly latencyMs: { readonly p50: number | null; readonly p99: number | null }
  } | null
}

/** The section about memory under a high load. */
export function memoryPage(result: MemoryResult): string {
  const { machine, settings, daemons, faults, summary } = result
  const load = machine.loadAverage.map(value => value.toFixed(1)).join(', ')
  const marks = daemons[0]?.marks.map(({ atSeconds }) => minutes(atSeconds)) ?? []
  const head = ['daemon', ...marks.map(at => `MB at ${at}`), 'slope MB/min', 'peak MB', 'disk GiB']
  const ordered =
    summary === null
      ? 'It ended early.'
      : `Ordered: ${summary.throughput} tx/s, p50 ${show(summary.latencyMs.p50)} ms, p99 ${show(summary.latencyMs.p99)} ms.`
  return `## Memory under load

\`node tools/soak.ts --memory\` runs \`${result.command}\` and looks at every daemon every ten seconds: at its resident memory, and at what
its data directory takes of the disk. ${result.date}, ${machine.cpu}, ${machine.cores} cores for daemons and clients (load average at
the end ${load}), Node ${machine.node}. ${ordered} Slope: by least squares over the second half; level is
what grows by at most ${100 * settings.limits.growthMax} % of its mean in that half by its slope. Disk: the most that was seen.

| ${head.join(' | ')} |
|${'---|'.repeat(head.length)}
${daemons.map(rowOf).join('\n')}

${faults.length === 0 ? '**Reached**: level, and within the limits of memory and disk.' : `**Not reached**: ${faults.join('; ')}.`}
`
}

function rowOf({ node, marks, ...daemon }: MemoryResult['daemons'][number]): string {
  const cells = [
    node,
    ...marks.map(({ rssBytes }) => (rssBytes / 1e6).toFixed(0)),
    `${(daemon.slopeBytesPerMinute / 1e6).toFixed(1)} (${(100 * daemon.growth).toFixed(0)} %)`,
    (daemon.peakRssBytes / 1e6).toFixed(0),
    (daemon.peakDiskBytes / 1024 ** 3).toFixed(2)
  ]
  return `| ${cells.join(' | ')} |`
}

function minutes(seconds: number): string {
  return `${Number((seconds / 60).toFixed(1))} min`
}

function show(ms: number | null): string {
  return ms === null ? 'never' : ms.toFixed(1)
}
