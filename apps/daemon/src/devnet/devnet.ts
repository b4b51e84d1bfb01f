import { setTimeout as sleep } from 'node:timers/promises'
import { aborted, type Io } from '../io.ts'
import type { LoadResult } from '../load/messages.ts'
import { countOf } from '../settings.ts'
import { type Agreement, type ChainSource, compareChains } from './agreement.ts'
import type { Daemon } from './daemon.ts'
import { type LoadProcess, startLoad } from './load-process.ts'
import { type Network, type NetworkOptions, startNetwork, statusOf } from './network.ts'
import { failuresOf, type Summary, summaryOf } from './summary.ts'
import { type Moment, View } from './view.ts'

/** A local network, what is done with it, and for how long. */
export interface DevnetOptions extends NetworkOptions {
  /** Without it the network runs until it is interrupted. */
  readonly durationMs?: number
  /** 0 for no load. */
  readonly ratePerSecond: number
  readonly transactionBytes: number
}

export interface DevnetOutcome {
  readonly summary: Summary
  readonly agreed: Agreement
  /** What is wrong with the run, one line each; empty when all is well. */
  readonly failures: readonly string[]
}

const viewMs = 1_000
/** For what was submitted to be acknowledged after the load. */
const drainMs = 15_000
const headCallMs = 10_000

/**
 * Runs a local network of daemon processes, under load if asked, for a duration or until it is interrupted; compares the
 * logs of all nodes, stops them, and removes what is not to be kept.
 *
 * throws  Fault<CommandFacts> when the network could not be started, or the load failed; nothing is left behind either way
 */
export async function runDevnet(options: DevnetOptions, io: Io): Promise<DevnetOutcome> {
  const view = new View(io)
  const note = (text: string): void => view.note(text)
  await using network = await startNetwork(options, io, note)
  const { length } = network.daemons
  note(`${countOf(length, 'node')} ${length === 1 ? 'is' : 'are'} running in ${network.root}`)
  const watch = new CrashWatch(network.daemons, note)
  const load = await runLoad(options, network, io, view)
  const crashed = watch.stop()
  const protocol = await protocolOf(network.daemons)
  const agreed = await compareChains(network.daemons.map(chainOf))
  if (!agreed.isEmpty) for (const reason of agreed.reasons) note(`no agreement: ${reason}`)
  const summary = summaryOf({ nodes: network.daemons.length, load, agreed, protocol, crashed })
  return { summary, agreed, failures: failuresOf(summary, agreed, io.signal.aborted) }
}

/** Shows the network until its time is over, with or without load. */
async function runLoad(
  options: DevnetOptions,
  network: Network,
  io: Io,
  view: View
): Promise<LoadResult> {
  const { durationMs, ratePerSecond, transactionBytes } = options
  const startedAt = performance.now()
  const over = new AbortController()
  const allGone = Promise.all(network.daemons.map(({ exited }) => exited))
  if (ratePerSecond === 0) {
    const shown = showUntil(over.signal, network, undefined, view)
    await Promise.race([
      aborted(io.signal),
      allGone,
      ...(durationMs === undefined ? [] : [sleepUnless(over.signal, durationMs)])
    ])
    over.abort()
    await shown
    return noLoad((performance.now() - startedAt) / 1_000)
  }
  await using load = startLoad(
    {
      controls: network.daemons.map(daemon => daemon.controlSocket),
      ratePerSecond,
      transactionBytes,
      drainMs,
      ...(durationMs === undefined ? {} : { durationMs })
    },
    io,
    text => view.note(text)
  )
  const shown = showUntil(over.signal, network, load, view)
  void Promise.race([aborted(io.signal), allGone]).then(() => load.stop())
  try {
    return await load.finished
  } finally {
    over.abort()
    await shown
  }
}

async function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

function noLoad(seconds: number): LoadResult {
  return {
    durationSeconds: Number(seconds.toFixed(3)),
    submitted: 0,
    committed: 0,
    transactionsPerSecond: 0,
    latencyMs: { p50: null, p99: null }
  }
}

async function showUntil(
  over: AbortSignal,
  { daemons }: Network,
  load: LoadProcess | undefined,
  view: View
): Promise<void> {
  const startedAt = performance.now()
  while (!over.aborted) {
    await Promise.race([sleep(viewMs, undefined, { ref: false }), aborted(over)])
    const nodes = await Promise.all(
      daemons.map(async daemon => ({
        name: daemon.name,
        status: await statusOf(daemon),
        crash: daemon.crash
      }))
    )
    const elapsedMs = performance.now() - startedAt
    const moment: Moment = { elapsedMs, nodes, load: load?.progress }
    if (!over.aborted) view.show(moment)
  }
}

/** Tells of daemons that end without having been asked to. */
class CrashWatch {
  readonly #crashed: string[] = []
  #isWatching = true

  constructor(daemons: readonly Daemon[], note: (text: string) => void) {
    for (const daemon of daemons) {
      void daemon.exited.then(() => {
        if (!this.#isWatching) return
        this.#crashed.push(daemon.name)
        const words = daemon.lastWords()
        const reason = words === undefined ? '' : `: ${words}`
        note(
          `${daemon.name} ${daemon.crash}${reason}\n${daemon.logPath} ends with:\n${daemon.logTail()}`.trimEnd()
        )
      })
    }
  }

  /** Names of those that crashed until now. */
  stop(): readonly string[] {
    this.#isWatching = false
    return this.#crashed.sort()
  }
}

async function protocolOf(daemons: readonly Daemon[]): Promise<string> {
  for (const daemon of daemons) {
    const status = await statusOf(daemon)
    if (status !== undefined) return status.protocol
  }
  return 'unknown'
}

/** The digest chain of a daemon, as it tells it. */
export function chainOf(daemon: Daemon): ChainSource {
  const client = daemon.client()
  return {
    node: daemon.name,
    commits: (from, limit) => client.call('log.commits', { from, limit }),
    head: async () => {
      const { head } = await client.call('node.status', {}, AbortSignal.timeout(headCallMs))
      return head
    }
  }
}
