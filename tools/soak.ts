// Runs a local network under load and records, at an interval, what must level off: memory, disk, open files, loop lag.
// usage: node tools/soak.ts [--duration 20m] [--load 2000] [--every 10] [--out docs/benchmarks/soak.json]
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ControlClient } from '../packages/node/dist/index.js'

interface Sample {
  readonly atSeconds: number
  readonly node: string
  readonly rssBytes: number
  readonly openFiles: number
  readonly diskBytes: number
  readonly loopLagSeconds: number
  readonly executedIndex: number
  readonly checkpointIndex: number
}

const { values } = parseArgs({
  options: {
    duration: { type: 'string', default: '20m' },
    load: { type: 'string', default: '2000' },
    every: { type: 'string', default: '10' },
    out: { type: 'string', default: 'docs/benchmarks/soak.json' }
  }
})

const directory = mkdtempSync(join(tmpdir(), 'soak-'))
const startedAt = Date.now()
const samples: Sample[] = []
const command = `devnet --duration ${values.duration} --load ${values.load} --json --dir ${directory}`
const devnet = spawn(process.execPath, ['apps/daemon/bin/novacron.js', ...command.split(' ')], {
  stdio: ['ignore', 'pipe', 'ignore']
})
let output = ''
devnet.stdout.on('data', chunk => {
  output += chunk
})
const timer = setInterval(() => void sampleAll(), Number(values.every) * 1000)
const exitCode = await new Promise<number | null>(resolve => devnet.once('exit', resolve))
clearInterval(timer)
const result = {
  command: `novacron devnet --duration ${values.duration} --load ${values.load} --json`,
  date: new Date(startedAt).toISOString(),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadAverage: loadavg()
  },
  exitCode,
  summary: output === '' ? null : JSON.parse(output),
  samples
}
writeFileSync(values.out, `${JSON.stringify(result)}\n`)
rmSync(directory, { recursive: true, force: true })
process.exitCode = exitCode ?? 1

async function sampleAll(): Promise<void> {
  for (const node of readdirSync(directory).filter(name => name.startsWith('node-'))) {
    const sample = await sampleOne(node).catch(() => undefined)
    if (sample !== undefined) samples.push(sample)
  }
}

async function sampleOne(node: string): Promise<Sample | undefined> {
  const home = join(directory, node)
  if (!existsSync(join(home, 'lock'))) return undefined
  const pid = Number(/\d+/.exec(readFileSync(join(home, 'lock'), 'utf8'))?.[0])
  const client = new ControlClient({ socketPath: join(home, 'control.sock') })
  const status = await client.call('node.status', {})
  const metrics = await (await fetch(`${status.sockets.health}/metrics`)).text()
  return {
    atSeconds: Math.round((Date.now() - startedAt) / 1000),
    node,
    rssBytes:
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    diskBytes:
      metric(metrics, 'novacron_store_database_bytes') +
      metric(metrics, 'novacron_store_segment_bytes'),
    loopLagSeconds: metric(metrics, 'novacron_process_event_loop_lag_seconds'),
    executedIndex: status.executedIndex,
    checkpointIndex: status.checkpointIndex
  }
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find(each => each.startsWith(`${name} `))
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1))
}
