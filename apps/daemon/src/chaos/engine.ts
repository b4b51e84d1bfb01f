import { setTimeout as sleep } from 'node:timers/promises'
import { commandFault } from '../command-fault.ts'
import { compareChains } from '../devnet/agreement.ts'
import { chainOf } from '../devnet/devnet.ts'
import { type LoadProcess, startLoad } from '../devnet/load-process.ts'
import type { Io } from '../io.ts'
import { Canary } from './canary.ts'
import { checkEvidence, checkHoles, checkLedger, checkStatus, RootsSeen } from './checkers.ts'
import type { Cluster } from './cluster.ts'
import { LoadRecord } from './load-record.ts'
import { readNodeLog } from './node-log.ts'
import type { LinkTraffic } from './proxy/link-grid.ts'
import { Recovery } from './recovery.ts'
import type { RealScenario, ScenarioOutcome, ScenarioResult, ScenarioRun } from './scenario.ts'

/** What scenarios have in common, and the draws of this one. */
export interface EngineOptions {
  readonly ratePerSecond: number
  /** In place of what each scenario would take. */
  readonly faultMs?: number
  readonly random: () => number
}

const transactionBytes = 512
/** Connections, code and caches get warm before anything is measured. */
const settleMs = 1_500
const baselineMs = 2_000
/** Transactions younger than this may still be under way at a healthy node. */
const underWayMs = 400
const livenessMs = 30_000
const drainMs = 15_000
const pollMs = 100
const courseStepMs = 500
const courseSteps = 14
const sampleMs = 250

/** Runs one scenario on a network that is up: load, baseline, fault, healing, recovery, and every check. */
export async function runReal(
  scenario: RealScenario,
  cluster: Cluster,
  options: EngineOptions,
  io: Io
): Promise<ScenarioOutcome> {
  const run = new Run(scenario, cluster, options, io)
  try {
    return await run.result()
  } finally {
    await run.end()
  }
}

class Run implements ScenarioRun {
  readonly cluster: Cluster
  readonly record: LoadRecord
  readonly random: () => number
  readonly faultMs: number
  readonly signal: AbortSignal
  readonly io: Io
  readonly #scenario: RealScenario
  readonly #load: LoadProcess
  readonly #canary: Canary
  readonly #roots = new RootsSeen()
  readonly #notes: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #faults: string[] = []
  readonly #over = new AbortController()
  readonly #sampling: Promise<void>
  #healedAt: number | undefined

  constructor(scenario: RealScenario, cluster: Cluster, options: EngineOptions, io: Io) {
    const { ratePerSecond } = options
    this.#scenario = scenario
    this.cluster = cluster
    this.random = options.random
    this.faultMs = options.faultMs ?? scenario.faultMs
    this.signal = io.signal
    this.io = io
    this.record = new LoadRecord(ratePerSecond, cluster.honest.length)
    const controls = cluster.honest.map(node => cluster.daemon(node).controlSocket)
    const onTrace = this.record.take.bind(this.record)
    this.#load = startLoad(
      { controls, ratePerSecond, transactionBytes, drainMs, onTrace },
      io,
      text => {
        if (/refused/.test(text)) this.#faults.push(text)
      }
    )
    this.#sampling = this.#sample()
    this.#canary = new Canary(() => cluster.honest.map(node => cluster.daemon(node).client()))
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  count(name: string): void {
    this.#counts.set(name, 1 + (this.#counts.get(name) ?? 0))
  }

  async sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.signal })
    } catch {
      throw commandFault('interrupted', 'interrupted')
    }
  }

  healed(): void {
    this.#healedAt = this.record.nowMs()
  }

  expect(isAsExpected: boolean, otherwise: string): void {
    if (!isAsExpected) this.#faults.push(otherwise)
  }

  async end(): Promise<void> {
    this.#over.abort()
    await Promise.all([this.#sampling, this.#canary.stop()])
    // What is still unanswered would be waited for, although nobody wants to know any more.
    this.#load.kill()
    await this.#load[Symbol.asyncDispose]()
  }

  async result(): Promise<ScenarioOutcome> {
    const { record, cluster } = this
    const firstIndex = 1 + Math.min(...(await this.#indexes()))
    await Promise.race([record.started, this.#load.finished])
    const trafficBefore = cluster.links.traffic()
    await this.sleep(settleMs + baselineMs + underWayMs)
    const until = record.nowMs() - underWayMs
    const baselinesNow = () => record.laneMediansMs(until - baselineMs, until)
    const isAnswered = await this.#until(livenessMs, () => baselinesNow().every(Number.isFinite))
    this.expect(isAnswered, 'half of the load was not answered at all')
    const baselines = baselinesNow()
    this.#expectTraffic(trafficBefore)
    await this.#scenario.run(this)
    await this.#scenario.heal?.(this)
    const healedAt = this.#healedAt ?? record.nowMs()
    cluster.heal()
    const recovery = await this.#recovered(healedAt, baselines)
    this.note(`all caught up within ${await this.#caughtUp(healedAt)} ms`)
    this.#load.stop()
    const { submitted, committed } = await this.#load.finished
    this.expect(
      submitted === committed,
      `${submitted - committed} transactions were never answered`
    )
    const findings = await this.#check(firstIndex)
    return {
      verdict: this.#faults.length === 0 ? 'passed' : 'failed',
      recoveryMs: recovery ?? null,
      ...findings,
      ...(this.#counts.size === 0 ? {} : { counts: Object.fromEntries(this.#counts) }),
      notes: [...this.#faults, ...this.#notes]
    }
  }

  /** A fault of links means nothing to daemons that know another way. */
  #expectTraffic(before: readonly LinkTraffic[]): void {
    const { cluster } = this
    const now = cluster.links.traffic()
    for (const a of cluster.honest) {
      for (const b of cluster.honest.filter(other => other > a)) {
        if (bytesBetween(now, a, b) > bytesBetween(before, a, b)) continue
        this.#faults.push(
          `${cluster.nameOf(a)} and ${cluster.nameOf(b)} do not talk over the links`
        )
      }
    }
  }

  async #recovered(healedAt: number, baselines: readonly number[]): Promise<number | undefined> {
    const { recoveryMsMax } = this.#scenario
    const recovery = new Recovery(this.record, healedAt, baselines)
    let found: number | undefined
    await this.#until(livenessMs, () => {
      found = recovery.find()
      return found !== undefined
    })
    const now = this.record.nowMs()
    const after = this.record.laneMediansMs(now - baselineMs - underWayMs, now - underWayMs)
    this.note(`p50 at each ${showAllMs(baselines)} before, ${showAllMs(after)} after`)
    if (found === undefined) this.#faults.push('commits did not become as before after healing')
    else if (recoveryMsMax !== undefined && found > recoveryMsMax) {
      this.#faults.push(`recovery took ${found} ms, at most ${recoveryMsMax} are allowed`)
    }
    if (found === undefined || found > (recoveryMsMax ?? found)) this.note(this.#course(healedAt))
    return found
  }

  /** What the recovery looked like, half a second at a time. */
  #course(healedAt: number): string {
    const medians = Array.from({ length: courseSteps }, (_, i) => {
      const from = healedAt + i * courseStepMs
      return showAllMs(this.record.laneMediansMs(from, from + courseStepMs))
    })
    return `p50 at each every ${courseStepMs} ms after healing: ${medians.join(', ')}`
  }

  /** Everyone executes what the furthest had executed when this began; milliseconds since then. */
  async #caughtUp(since: number): Promise<number> {
    const target = Math.max(...(await this.#indexes()))
    const isThere = await this.#until(livenessMs, async () => {
      const indexes = await this.#indexes()
      return indexes.every(index => index >= target)
    })
    if (!isThere) this.#faults.push('a node did not catch up after healing')
    return Math.round(this.record.nowMs() - since)
  }

  async #check(
    firstIndex: number
  ): Promise<Pick<ScenarioResult, 'acknowledged' | 'lost' | 'duplicated'>> {
    const { cluster, record } = this
    const names = cluster.honest.map(node => cluster.nameOf(node))
    await this.#canary.stop()
    await this.#caughtUp(record.nowMs())
    let unwell: readonly string[] = []
    await this.#until(livenessMs, async () => {
      const statuses = await this.#statuses()
      unwell = statuses.flatMap((status, i) => checkStatus(names[i] ?? '', status))
      return unwell.length === 0
    })
    this.#faults.push(...unwell)
    const agreed = await compareChains(cluster.honest.map(node => chainOf(cluster.daemon(node))))
    this.#faults.push(...agreed.reasons)
    await this.#until(livenessMs, () => this.#roots.hasAll(names))
    if (!this.#roots.hasAll(names)) this.#faults.push('the states of all were never comparable')
    this.#faults.push(...this.#roots.reasons())
    const isExpected = (line: string): boolean =>
      this.#scenario.isExpectedEvidence?.(line, cluster) === true
    this.#faults.push(...checkEvidence(cluster.evidence(), isExpected))
    const ledger = record.ledger()
    const sessions = new Set(ledger.keys())
    const logs = []
    for (const node of cluster.honest) {
      const client = cluster.daemon(node).client()
      logs.push(await readNodeLog(cluster.nameOf(node), client, firstIndex, sessions))
    }
    const { reasons, ...findings } = checkLedger(ledger, logs)
    this.#faults.push(...reasons)
    this.#faults.push(...checkHoles(logs, firstIndex, this.#scenario.isDamaging))
    await this.#checkState()
    return findings
  }

  /** What the canary was told is committed can be read from every node. */
  async #checkState(): Promise<void> {
    const { cluster } = this
    this.expect(this.#canary.acknowledged > 0, 'no key was written')
    for (const node of cluster.honest) {
      const client = cluster.daemon(node).client()
      this.#faults.push(...(await this.#canary.check(cluster.nameOf(node), client)))
    }
    this.note(`${this.#canary.acknowledged} writes of keys read back from every node`)
  }

  async #indexes(): Promise<readonly number[]> {
    return (await this.#statuses()).map(status => status?.executedIndex ?? 0)
  }

  #statuses(): Promise<readonly Awaited<ReturnType<Cluster['status']>>[]> {
    return Promise.all(this.cluster.honest.map(node => this.cluster.status(node)))
  }

  /** False when the time was over first. */
  async #until(ms: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + ms
    while (!(await isSo())) {
      if (performance.now() > deadline) return false
      await this.sleep(pollMs)
    }
    return true
  }

  async #sample(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const { cluster } = this
      for (const [i, status] of (await this.#statuses()).entries()) {
        const node = cluster.honest[i]
        if (node !== undefined) this.#roots.add(cluster.nameOf(node), status?.roots)
      }
      await sleep(sampleMs)
    }
  }
}

function bytesBetween(traffic: readonly LinkTraffic[], a: number, b: number): number {
  return traffic
    .filter(({ from, to }) => (from === a && to === b) || (from === b && to === a))
    .reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Such as `41/39/never/40 ms`. */
function showAllMs(each: readonly number[]): string {
  return `${each.map(ms => (Number.isFinite(ms) ? ms.toFixed(0) : 'never')).join('/')} ms`
}
