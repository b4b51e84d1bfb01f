// Writes docs/benchmarks.md from the result files beside it. usage: node tools/benchmarks.ts
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BandwidthResult, bandwidthPage } from './benchmarks-page/bandwidth.ts'
import { type CatchUpResult, catchUpPage } from './benchmarks-page/catch-up.ts'
import { type CommitDelays, commitDelaysPage } from './benchmarks-page/commit-delays.ts'
import {
  type ChaosResult,
  chaosPage,
  killsPage,
  type SeedsResult,
  seedsPage
} from './benchmarks-page/faults.ts'
import { goalsPage } from './benchmarks-page/goals.ts'
import { type MemoryResult, memoryPage } from './benchmarks-page/memory.ts'
import {
  type OrderingResult,
  type OrderingResults,
  orderingPage
} from './benchmarks-page/ordering.ts'

interface Sample {
  readonly atSeconds: number
  readonly node: string
  readonly rssBytes: number
  readonly openFiles: number
  readonly diskBytes: number
  readonly loopLagSeconds: number
  readonly executedIndex: number
}

interface Soak {
  readonly command: string
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly loadAverage: readonly number[]
  }
  readonly summary: { readonly [key: string]: unknown } | null
  readonly samples: readonly Sample[]
}

interface Speed {
  readonly replicas: number
  readonly virtualSeconds: number
  readonly cpuSeconds: number
  readonly threadSeconds: number
  readonly messages: number
  readonly commits: number
  readonly applied: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  readonly peakBytes: number
  readonly date: string
  readonly machine: Soak['machine']
}

const root = join(import.meta.dirname, '..')
const rowEverySeconds = 120
const speedGoal = 50
const headPage = `# Benchmarks

Made by \`node tools/benchmarks.ts\` from the result files in [benchmarks/](benchmarks/); nothing here is written by hand.
`

if (import.meta.main) writeFileSync(join(root, 'docs/benchmarks.md'), benchmarksPage())

/** The whole page, from the result files. */
export function benchmarksPage(): string {
  const speed = speedPage(resultOf<Speed>('simulator-load'), resultOf<Speed>('simulator-rounds'))
  const ordering = orderingResults()
  const memory = isThere('memory-50000') ? resultOf<MemoryResult>('memory-50000') : undefined
  return `${headPage}
${orderingPage(ordering)}

${goalsPage(ordering, memory)}
${sectionOf<CatchUpResult>('catch-up', catchUpPage)}${sectionOf<MemoryResult>('memory-50000', memoryPage)}${soakPage(resultOf<Soak>('soak'))}
${sectionOf<SeedsResult>('simulate-1000', seedsPage)}${sectionOf<ChaosResult>('chaos-all', chaosPage)}${sectionOf<ChaosResult>('kill-9-200', killsPage)}${speed}
${commitDelaysPage(resultOf<CommitDelays>('commit-delays'))}
${bandwidthPage(resultOf<BandwidthResult>('bandwidth-ratio'))}`
}

/** Every `ordering-*.json`, by name. */
function orderingResults(): OrderingResults {
  const names = readdirSync(join(root, 'docs/benchmarks'))
    .filter(name => /^ordering-.*\.json$/.test(name))
    .map(name => name.replace('.json', ''))
    .sort()
  return new Map(names.map(name => [name, resultOf<OrderingResult>(name)]))
}

/** Nothing where there is no such result. */
function sectionOf<Result>(name: string, page: (result: Result) => string): string {
  return isThere(name) ? `${page(resultOf<Result>(name))}\n` : ''
}

function isThere(name: string): boolean {
  return existsSync(join(root, `docs/benchmarks/${name}.json`))
}

function resultOf<Result>(name: string): Result {
  const result = JSON.parse(readFileSync(join(root, `docs/benchmarks/${name}.json`), 'utf8'))
  if ('verdict' in result && result.verdict !== 'pass') throw new Error(`${name} did not pass`)
  return result as Result
}

function speedPage(load: Speed, rounds: Speed): string {
  const ratio = (load.virtualSeconds / load.cpuSeconds).toFixed(1)
  const ofThread = (load.virtualSeconds / load.threadSeconds).toFixed(1)
  return `## Speed of the simulator

\`node -C @novacron/source tools/simulator-speed.ts\`: one process, ${load.replicas} replicas, 25 ms mean one-way delay (exponential above
5 ms), 500 transactions a second in all from 50 clients, a checkpoint every 50 commits, all checkers and the trace on, five of a
hundred messages through the codec. ${whereOf(load)}.

The goal is ${speedGoal} virtual seconds for each real second and worker. **${Number(ratio) < speedGoal ? 'Not reached' : 'Reached'}**: ${ratio} for each CPU second of the whole process
(compiler and collector threads included), ${ofThread} for each CPU second of the thread that simulates.

| | |
|---|---|
| virtual seconds | ${load.virtualSeconds.toFixed(1)} |
| CPU seconds, process / thread | ${load.cpuSeconds.toFixed(2)} / ${load.threadSeconds.toFixed(2)} |
| messages | ${load.messages} |
| messages for each CPU second, process / thread | ${Math.round(load.messages / load.cpuSeconds)} / ${Math.round(load.messages / load.threadSeconds)} |
| commits, transactions applied | ${load.commits}, ${load.applied} |
| latency in virtual ms, p50 / p99 | ${load.latencyMs.p50.toFixed(0)} / ${load.latencyMs.p99.toFixed(0)} |
| peak of resident memory | ${(load.peakBytes / 1e6).toFixed(0)} MB |

\`node --max-old-space-size=14000 -C @novacron/source tools/simulator-speed.ts --rounds --replicas ${rounds.replicas}\`: three rounds of
${rounds.replicas} replicas on a quiet network, each with one proposal a round, until everyone has run the first commit. ${whereOf(rounds)}.

| | |
|---|---|
| CPU seconds, process / thread | ${rounds.cpuSeconds.toFixed(0)} / ${rounds.threadSeconds.toFixed(0)} |
| messages | ${rounds.messages} |
| peak of resident memory | ${(rounds.peakBytes / 1e9).toFixed(1)} GB |
`
}

function whereOf({ date, machine }: Pick<Speed, 'date' | 'machine'>): string {
  const load = machine.loadAverage.map(value => value.toFixed(1)).join(', ')
  return `${date}, ${machine.cpu}, ${machine.cores} cores shared with other work (load average ${load}), Node ${machine.node}`
}

function soakPage({ command, date, machine, summary, samples }: Soak): string {
  const load = machine.loadAverage.map(value => value.toFixed(1)).join(', ')
  return `## Twenty minutes under load

\`node tools/soak.ts\` runs \`${command}\` and looks at every daemon every ten seconds. ${date}, ${machine.cpu}, ${machine.cores} cores
shared with other work (load average at the end ${load}), Node ${machine.node}. Four daemons, TLS, durable, and the load generator
on the same cores.

Summary of the run: \`${JSON.stringify(withoutHeads(summary))}\`

Largest of the four daemons in each row; lag is the longest delay of the event loop between two looks.

| minute | resident MB | disk MB | open files | lag ms | executed commit |
|---|---|---|---|---|---|
${rows(samples).join('\n')}
`
}

function withoutHeads(summary: Soak['summary']): unknown {
  const { heads: _, ...rest } = summary ?? {}
  return rest
}

function rows(samples: readonly Sample[]): string[] {
  const last = Math.max(...samples.map(sample => sample.atSeconds))
  const made: string[] = []
  for (let from = 0; from <= last; from += rowEverySeconds) {
    const within = samples.filter(
      ({ atSeconds }) => atSeconds >= from && atSeconds < from + rowEverySeconds
    )
    if (within.length === 0) continue
    const most = (of: (sample: Sample) => number) => Math.max(...within.map(of))
    const cells = [
      `${from / 60} to ${(from + rowEverySeconds) / 60}`,
      (most(sample => sample.rssBytes) / 1e6).toFixed(0),
      (most(sample => sample.diskBytes) / 1e6).toFixed(0),
      most(sample => sample.openFiles),
      (most(sample => sample.loopLagSeconds) * 1000).toFixed(0),
      most(sample => sample.executedIndex)
    ]
    made.push(`| ${cells.join(' | ')} |`)
  }
  return made
}
