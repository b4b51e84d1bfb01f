// Writes docs/benchmarks.md from the result files beside it. usage: node tools/benchmarks-page.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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

const root = join(import.meta.dirname, '..')
const rowEverySeconds = 120
const soak = JSON.parse(readFileSync(join(root, 'docs/benchmarks/soak.json'), 'utf8')) as Soak
writeFileSync(join(root, 'docs/benchmarks.md'), page(soak))

function page({ command, date, machine, summary, samples }: Soak): string {
  const load = machine.loadAverage.map(value => value.toFixed(1)).join(', ')
  return `# Benchmarks

Made by \`node tools/benchmarks-page.ts\` from the result files in [benchmarks/](benchmarks/); nothing here is written by hand.

## Twenty minutes under load

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
