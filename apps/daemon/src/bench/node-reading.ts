/** What a node says of itself at one moment, from `/metrics`. */
export interface NodeReading {
  readonly cpuSeconds: number
  readonly peakRssBytes: number
  /** Bytes of the frames that it gave to its peers' connections, before encryption. */
  readonly wireBytes: number
  readonly signaturesChecked: number
  readonly fsyncs: number
  readonly commits: number
}

const readTimeoutMs = 20_000

/** Undefined when the node does not answer. */
export async function readNode(healthUrl: string): Promise<NodeReading | undefined> {
  try {
    const signal = AbortSignal.timeout(readTimeoutMs)
    const response = await fetch(`${healthUrl}/metrics`, { signal })
    return readingOf(await response.text())
  } catch {
    return undefined
  }
}

/** Of the text that a Prometheus server scrapes; what is not in it counts as 0. */
export function readingOf(text: string): NodeReading {
  const sums = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z0-9_]+)(?:\{[^}]*\})? (\S+)/.exec(line) ?? []
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(value))
  }
  const sum = (name: string): number => sums.get(`novacron_${name}`) ?? 0
  return {
    cpuSeconds: sum('process_cpu_seconds'),
    peakRssBytes: sum('process_resident_peak_bytes'),
    wireBytes: sum('network_sent_bytes_total'),
    signaturesChecked: sum('consensus_signatures_checked_total'),
    fsyncs: sum('store_flushes_total'),
    commits: sum('consensus_commits_total')
  }
}

/** What a node did between two readings; the peak is that of its whole life. */
export function difference(before: NodeReading, after: NodeReading): NodeReading {
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    peakRssBytes: after.peakRssBytes,
    wireBytes: after.wireBytes - before.wireBytes,
    signaturesChecked: after.signaturesChecked - before.signaturesChecked,
    fsyncs: after.fsyncs - before.fsyncs,
    commits: after.commits - before.commits
  }
}
