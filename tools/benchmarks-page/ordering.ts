/** A result of `novacron bench ordering --json`, as far as the page shows it. */
export interface OrderingResult {
  readonly settings: {
    readonly nodes: number
    readonly application: string
    readonly transactionBytes: number
    readonly ratePerSecond: number
    readonly durationSeconds: number
    readonly warmupSeconds: number
    readonly connections: number
    readonly writes: string
    readonly delayMs: number
    readonly nodeMbit: number
    /** What made delay and limit. */
    readonly links: string
    readonly crash: number
    readonly changed: object
  }
  readonly throughput: number
  readonly transactions: { readonly missing: number }
  readonly latencyMs: { readonly [share: string]: number | null }
  readonly cpuSeconds: {
    readonly nodes: number
    readonly generators: number
    readonly others: number
  }
  readonly cpuMsPerMB: number | null
  readonly peakRssBytes: number
  readonly agreement: boolean
  readonly protocol: string
  readonly encryption: string
  /** What carried the frames between daemons; not named in results from before there was more than libp2p. */
  readonly plane?: string
  readonly environment: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly date: string
    /** This and the next: not in results from before they were told. */
    readonly build?: string
    readonly verificationsPerSecond?: number
  }
  /** Not in results from before it was looked at. */
  readonly disk?: { readonly stalledShare: number }
  readonly overload?: {
    readonly ratePerSecond: number
    readonly ratio: number
    readonly peakRssBytes: number
  }
  /** What was typed; not in results from before it was told. */
  readonly command?: string
  /** Of several runs, of which this is the one with the p99 in the middle. */
  readonly repeats?: readonly {
    readonly p50: number | null
    readonly p99: number | null
    readonly missing: number
  }[]
  /** Of a search for saturation: false when no rate was held for the whole duration. */
  readonly isHeld?: boolean
  readonly profile?: readonly {
    readonly name: string
    readonly place: string
    readonly percent: number
  }[]
}

/** By the name of the result file. */
export type OrderingResults = ReadonlyMap<string, OrderingResult>

const profileRows = 15

/** The section about ordering; its runs in the order in which they are given. */
export function orderingPage(results: OrderingResults): string {
  const rows = [...results].map(([name, result]) => rowOf(name, result))
  return `## Ordering

\`novacron bench ordering --json\`: daemon processes on this machine, durable and encrypted, with open-loop generators in a process of
their own, incompressible payloads, and each transaction timed from when it was due to its acknowledged commit at the client. CPU
for each MB is that of all daemons together. "Other work" is the share of the machine that neither daemons nor generators used: it was
taken from them, so rates measured beside much of it are too low and latencies too high. What is committed while a run is measured
was due in part before, and may be more than what was offered. "The disk alone" was looked at before the load: how much of the time
went by in syncs of a block that took longer than 20 ms, for which anything that is to be durable then has to wait. Where daemons are
killed, the latencies are those from three seconds later on. Each row links to its whole result.

| run | offered tx/s | committed tx/s | p50 ms | p99 ms | p99.9 ms | CPU ms/MB | memory MB | other work | agreement |
|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}

${ratiosOf(results)}${planesOf(results)}${[...results].map(([name, result]) => profileOf(name, result)).join('')}`.trimEnd()
}

/** What counts as held. */
export const heldMs = 500

/** Undefined when the rate was held. */
export function latenessOf({ latencyMs }: OrderingResult): string | undefined {
  const p99 = latencyMs['p99'] ?? Number.POSITIVE_INFINITY
  return p99 <= heldMs ? undefined : `p99 of ${p99.toLocaleString('en-US')} ms`
}

/** Of runs under the same limit: how much more than one leader the others order, if both rates were held. */
function ratiosOf(results: OrderingResults): string {
  const limited = [...results].filter(([, { settings }]) => settings.nodeMbit > 0)
  const lines = limited.flatMap(([name, base]) => {
    if (base.protocol !== 'single-leader') return []
    const others = limited.filter(
      ([, other]) => other.protocol !== base.protocol && areAlike(other.settings, base.settings)
    )
    return others.map(([otherName, other]) => {
      const { protocol, throughput, settings } = other
      const times = `**${(throughput / Math.max(1, base.throughput)).toFixed(1)} times** as much`
      const areHeld = [other, base].every(run => latenessOf(run) === undefined)
      const ratio = areHeld ? times : `**not within ${heldMs} ms**, so there is no ratio`
      const limit = `${settings.nodes} nodes with ${settings.nodeMbit} Mbit/s each`
      return `- ${limit}: ${protocol} orders ${throughput} tx/s (${showP99(other)}) and the single leader ${base.throughput} (${showP99(base)}), ${ratio}
  ([${otherName}.json](benchmarks/${otherName}.json), [${name}.json](benchmarks/${name}.json))`
    })
  })
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`
}

function showP99({ latencyMs }: OrderingResult): string {
  return `p99 ${show(latencyMs['p99'])} ms`
}

/** Of runs at one rate: what direct sockets save. */
function planesOf(results: OrderingResults): string {
  const lines = [...results].flatMap(([name, base]) => {
    if (base.plane !== 'libp2p' || base.isHeld !== undefined) return []
    const isPair = ([, { plane, settings, protocol }]: [string, OrderingResult]) =>
      plane === 'direct' &&
      protocol === base.protocol &&
      settings.ratePerSecond === base.settings.ratePerSecond &&
      areAlike(settings, base.settings)
    return [...results].filter(isPair).map(([otherName, other]) => {
      const saved = 1 - other.cpuSeconds.nodes / Math.max(0.001, base.cpuSeconds.nodes)
      const links = `[${otherName}.json](benchmarks/${otherName}.json), [${name}.json](benchmarks/${name}.json)`
      return `- Direct sockets in place of libp2p streams at ${base.settings.ratePerSecond} tx/s: **${Math.round(100 * saved)} %** less CPU of the daemons, p99 ${show(other.latencyMs['p99'])} in place of ${show(base.latencyMs['p99'])} ms
  (${links})`
    })
  })
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`
}

function areAlike(a: OrderingResult['settings'], b: OrderingResult['settings']): boolean {
  const keys = [
    ...(['nodes', 'nodeMbit', 'delayMs', 'links', 'crash'] as const),
    ...(['transactionBytes', 'application', 'writes'] as const)
  ]
  return keys.every(key => a[key] === b[key])
}

function rowOf(name: string, result: OrderingResult): string {
  const { settings, throughput, latencyMs, cpuMsPerMB, peakRssBytes, agreement } = result
  const { p50, p99, p999 } = latencyMs
  const { nodes, generators, others } = result.cpuSeconds
  const share = Math.round((100 * others) / Math.max(0.001, nodes + generators + others))
  const cells = [
    `[${describe(result)}${ageOf(name)}](benchmarks/${name}.json)`,
    settings.ratePerSecond,
    throughput,
    show(p50),
    show(p99),
    show(p999),
    cpuMsPerMB === null ? '-' : cpuMsPerMB.toFixed(0),
    (peakRssBytes / 1e6).toFixed(0),
    `${share} %`,
    agreement ? 'yes' : '**no**'
  ]
  return `| ${cells.join(' | ')} |`
}

function describe({
  settings,
  protocol,
  encryption,
  plane = 'libp2p',
  overload,
  environment,
  disk,
  command,
  repeats
}: OrderingResult): string {
  const { nodes, application, transactionBytes, durationSeconds, warmupSeconds, changed } = settings
  const parts = [
    `${nodes} nodes, ${protocol}, ${encryption} (${plane})`,
    `${application}, ${transactionBytes} B, ${durationSeconds} s after ${warmupSeconds} s`,
    settings.writes === 'single' ? `single writes on ${settings.connections} connections` : '',
    settings.delayMs > 0 ? `${settings.delayMs} ms one way` : '',
    settings.nodeMbit > 0 ? `${settings.nodeMbit} Mbit/s for each node, by ${settings.links}` : '',
    settings.crash > 0 ? `${settings.crash} killed` : '',
    Object.keys(changed).length > 0 ? JSON.stringify(changed) : '',
    overload === undefined
      ? ''
      : `at twice the load ${overload.ratio} of it, ${(overload.peakRssBytes / 1e6).toFixed(0)} MB`,
    disk === undefined ? '' : `the disk alone stood still for ${showPercent(disk.stalledShare)}`,
    repeats === undefined ? '' : spreadOf(repeats),
    machineOf(environment),
    command === undefined ? '' : `\`${command.replaceAll('|', '\\|')}\``
  ]
  return parts.filter(part => part !== '').join('; ')
}

function machineOf(environment: OrderingResult['environment']): string {
  const { cpu, cores, node, date, build, verificationsPerSecond: checks } = environment
  const speed = checks === undefined ? '' : ` (${checks} Ed25519 checks/s each)`
  const of = build === undefined ? '' : `, build ${build}`
  return `${cpu}, ${cores} cores${speed}, Node ${node}, ${date}${of}`
}

function spreadOf(repeats: NonNullable<OrderingResult['repeats']>): string {
  const list = (share: 'p50' | 'p99') => repeats.map(repeat => show(repeat[share])).join(', ')
  return `the middle of ${repeats.length} runs, with p99 ${list('p99')} (p50 ${list('p50')})`
}

function showPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** When it was made, where that is what it is to be compared for. */
function ageOf(name: string): string {
  if (name.endsWith('-before')) return ', before the work on speed (build bb29f24)'
  return name.endsWith('-slower-hour') ? ', in a slower hour of the machine' : ''
}

function profileOf(name: string, { profile, settings }: OrderingResult): string {
  if (profile === undefined) return ''
  const rows = profile
    .slice(0, profileRows)
    .map(({ name: of, place, percent }) => `| ${percent.toFixed(1)} | \`${of}\` | ${place} |`)
  return `Where the main thread of one daemon spent its busy time at ${settings.ratePerSecond} tx/s ([${name}.json](benchmarks/${name}.json)), own time
of each function while the load was measured${ageOf(name)}:

| % | function | place |
|---|---|---|
${rows.join('\n')}

`
}

function show(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? 'never' : ms.toFixed(1)
}
