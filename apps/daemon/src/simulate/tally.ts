import { createHash } from 'node:crypto'
import type { DriverLaw } from '@novacron/simulator'
import type { SeedResult } from './seed-run.ts'
import { type PrintedVerdict, printedVerdict } from './verdict.ts'

export interface FailedSeed extends PrintedVerdict {
  readonly seed: number
  readonly replay: string
}

/** The one JSON object of `simulate --json`. */
export interface Summary {
  readonly protocol: string
  readonly replicas: number
  /** What a scenario file has taken out of the driver's law, so that a pass is none of the product; left out without any. */
  readonly relaxedLaw?: readonly (keyof DriverLaw)[]
  /** That have been run. */
  readonly seeds: number
  readonly passed: number
  readonly failed: readonly FailedSeed[]
  readonly virtualSeconds: number
  readonly steps: number
  /** Of one seed its own, of several one of all theirs in the order of the seeds. */
  readonly traceHash: string
  readonly messages: number
  readonly messagesPerSecond: number
  readonly virtualSecondsPerSecond: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** Whatever the number of workers, what one of them does in a second of its own. */
  readonly virtualSecondsPerCpuSecond: number
  readonly workers: number
  readonly interrupted: boolean
}

/** Collects results, whatever the order they come in. */
export class Tally {
  readonly #results = new Map<number, SeedResult>()
  #failed = 0
  #virtualMs = 0

  add(result: SeedResult): void {
    this.#results.set(result.seed, result)
    this.#virtualMs += result.virtualMs
    if (result.verdict !== 'pass') this.#failed++
  }

  get done(): number {
    return this.#results.size
  }

  get failed(): number {
    return this.#failed
  }

  get virtualMs(): number {
    return this.#virtualMs
  }

  /** By seed. */
  results(): readonly SeedResult[] {
    return [...this.#results.values()].sort((a, b) => a.seed - b.seed)
  }

  failures(): readonly SeedResult[] {
    return this.results().filter(({ verdict }) => verdict !== 'pass')
  }

  traceHash(): string {
    const results = this.results()
    const [first] = results
    if (first !== undefined && results.length === 1) return first.traceHash
    const hash = createHash('sha256')
    for (const { seed, traceHash } of results) hash.update(`${seed} ${traceHash}\n`)
    return hash.digest('hex')
  }

  summary(found: {
    readonly protocol: string
    readonly replicas: number
    readonly workers: number
    readonly seconds: number
    readonly interrupted: boolean
    readonly relaxedLaw?: readonly (keyof DriverLaw)[]
    readonly replay: (seed: number) => string
  }): Summary {
    const { protocol, replicas, workers, seconds, interrupted, replay, relaxedLaw = [] } = found
    const results = this.results()
    const sum = (of: (result: SeedResult) => number) =>
      results.reduce((total, result) => total + of(result), 0)
    const virtualSeconds = sum(({ virtualMs }) => virtualMs) / 1_000
    const cpuSeconds = sum(({ cpuMs }) => cpuMs) / 1_000
    const messages = sum(result => result.messages)
    return {
      protocol,
      replicas,
      ...(relaxedLaw.length === 0 ? {} : { relaxedLaw }),
      seeds: this.done,
      passed: this.done - this.failed,
      failed: this.failures().map(({ seed, verdict }) => ({
        seed,
        ...printedVerdict(verdict),
        replay: replay(seed)
      })),
      virtualSeconds: rounded(virtualSeconds),
      steps: sum(({ steps }) => steps),
      traceHash: this.traceHash(),
      messages,
      messagesPerSecond: Math.round(ratio(messages, seconds)),
      virtualSecondsPerSecond: rounded(ratio(virtualSeconds, seconds)),
      seconds: rounded(seconds),
      cpuSeconds: rounded(cpuSeconds),
      virtualSecondsPerCpuSecond: rounded(ratio(virtualSeconds, cpuSeconds)),
      workers,
      interrupted
    }
  }
}

function ratio(amount: number, seconds: number): number {
  return seconds === 0 ? 0 : amount / seconds
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3))
}
