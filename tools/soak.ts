// Runs a local network under load and records, at an interval, what must level off: memory, disk, open files, loop lag.
// usage: node tools/soak.ts [--duration 20m] [--load 2000] [--every 10] [--out docs/benchmarks/soak.json]
//        node tools/soak.ts --memory [--duration 10m] [--load 50000] [--tx-bytes 512] [--every 10] [--out docs/benchmarks/memory-50000.json]
// With --memory the load is that of `novacron bench ordering`, whose generators bear more, retention is 2 GiB, and the exit code
// says whether memory is level and memory and disk are within their limits.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { environmentNow } from '../apps/daemon/src/bench/environment.ts'
import { defaultMemoryLimits, describeMemory, memoryFaults, memoryOf } from './soak/memory.ts'
import { findHomes, type SoakSample, sampleDaemon } from './soak/sample.ts'

/** What is run, and what becomes of its result. */
interface Plan {
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** A line of standard error with which the load has begun; without it samples count from the start. */
  readonly begins?: RegExp
  readonly out: string
  /** Of the summary that the run printed, and the samples; prints for people, and tells whether all is well. */
  readonly finish: (summary: unknown, samples: readonly SoakSample[]) => object
}

const { values } = parseArgs({
  options: {
    memory: { type: 'boolean', default: false },
    duration: { type: 'string' },
    load: { type: 'string' },
    'tx-bytes': { type: 'string', default: '512' },
    every: { type: 'string', default: '10' },
    out: { type: 'string' }
  }
})
const retention = { commits: 80_000, bytes: 2 * 1024 ** 3 }
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }

const directory = mkdtempSync(join(tmpdir(), 'soak-'))
try {
  process.exitCode = await soak(values.memory ? memoryPlan() : devnetPlan())
} finally {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
}

function devnetPlan(): Plan {
  const { duration = '20m', load = '2000', out = 'docs/benchmarks/soak.json' } = values
  const words = `devnet --duration ${duration} --load ${load} --json`.split(' ')
  return { args: [...words, '--dir', directory], env: process.env, out, finish: () => ({}) }
}

function memoryPlan(): Plan {
  const { duration = '10m', load = '50000', out = 'docs/benchmarks/memory-50000.json' } = values
  const [, amount, unit = 's'] = /^(\d+)([smh])$/.exec(duration) ?? []
  const seconds = Number(amount) * (secondsOf[unit] ?? 1)
  if (!(seconds > 0)) throw new Error('--duration is a number with s, m or h, such as 10m')
  const words = `bench ordering --rate ${load} --tx-bytes ${values['tx-bytes']} --duration ${duration} --json`
  return {
    args: [...words.split(' '), '--node-options', JSON.stringify({ retention })],
    // Where it makes its directory, which it removes itself.
    env: { ...process.env, TMPDIR: directory },
    begins: /\d+ of \d+ answered$/,
    out,
    finish: (summary, samples) => {
      const found = summary as { throughput: number; agreement: boolean } | null
      const daemons = memoryOf(samples, seconds)
      const run = {
        nodes: 4,
        ratePerSecond: Number(load),
        throughput: found?.throughput ?? 0,
        agreement: found?.agreement ?? false
      }
      const faults = memoryFaults(run, daemons)
      process.stdout.write(describeMemory(daemons, faults))
      const settings = { durationSeconds: seconds, retention, limits: defaultMemoryLimits }
      return { settings, daemons, faults }
    }
  }
}

/** The exit code. */
async function soak({ args, env, begins, out, finish }: Plan): Promise<number> {
  const date = new Date().toISOString()
  const samples: SoakSample[] = []
  const child = spawn(process.execPath, ['apps/daemon/bin/novacron.js', ...args], {
    stdio: ['ignore', 'pipe', begins === undefined ? 'ignore' : 'pipe'],
    env
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill())
  let output = ''
  child.stdout?.on('data', chunk => {
    output += chunk
  })
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    const startedAt = performance.now()
    timer ??= setInterval(() => {
      const atSeconds = Math.round((performance.now() - startedAt) / 1_000)
      for (const home of findHomes(directory)) {
        // One that is not up yet, or not any more, is no news.
        sampleDaemon(home, atSeconds).then(
          sample => samples.push(sample),
          () => undefined
        )
      }
    }, Number(values.every) * 1_000)
  }
  if (child.stderr === null) begin()
  else {
    createInterface({ input: child.stderr }).on('line', line => {
      if (begins?.test(line) === true) begin()
      else process.stderr.write(`${line}\n`)
    })
  }
  const exitCode = await new Promise<number | null>(resolve => child.once('close', resolve))
  clearInterval(timer)
  const summary: unknown = output === '' ? null : JSON.parse(output)
  const more = finish(summary, samples)
  const { date: _, ...machine } = environmentNow()
  const command = `novacron ${args.filter(word => word !== '--dir' && word !== directory).join(' ')}`
  const result = { command, date, machine, exitCode, ...more, summary, samples }
  writeFileSync(out, `${JSON.stringify(result)}\n`)
  const isWell = !('faults' in more) || (more.faults as readonly string[]).length === 0
  return isWell ? (exitCode ?? 1) : 1
}
