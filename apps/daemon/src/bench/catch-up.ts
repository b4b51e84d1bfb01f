import { setTimeout as sleep } from 'node:timers/promises'
import { defaultNodeOptions, type NodeOptions } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { compareChains } from '../devnet/agreement.ts'
import type { Daemon } from '../devnet/daemon.ts'
import { chainOf } from '../devnet/devnet.ts'
import { statusOf } from '../devnet/network.ts'
import type { Io } from '../io.ts'
import { countOf, showMs } from '../settings.ts'
import { type BenchNetwork, type BenchNetworkOptions, startBenchNetwork } from './bench-network.ts'
import { type CatchUpReport, catchUpReportOf } from './catch-up-report.ts'
import { CatchUpWatch, type Look, type Standing } from './catch-up-watch.ts'
import { environmentNow } from './environment.ts'
import type { GeneratorMessage } from './generator.ts'
import { type GeneratorProcess, startGenerator } from './generator-process.ts'
import { connectionsOf, interruption, protocolOf } from './network-facts.ts'
import { readNode } from './node-reading.ts'
import type { SecondCount } from './second-counts.ts'

/** A load, and one daemon that is away from it for a time. */
export interface CatchUpOptions
  extends Pick<BenchNetworkOptions, 'nodes' | 'readyMs' | 'nodeOptions' | 'clusterOptions'> {
  readonly transactionBytes: number
  readonly ratePerSecond: number
  /** To the daemons that stay. */
  readonly connections: number
  readonly warmupMs: number
  /** With all daemons, before one is killed. */
  readonly baselineMs: number
  /** Rounds that the others are ahead of where it stood when it is started again. */
  readonly behindRounds: number
  /** It has caught up when it lacks so many commits at most. */
  readonly closeCommits: number
  /** For it to catch up. */
  readonly withinMs: number
}

/** What happened, in the order in which it did. */
export interface CatchUpCourse {
  /** With all daemons. */
  readonly before: readonly Look[]
  /** Where the one was when it was killed. */
  readonly stood: Standing
  /** Without it. */
  readonly away: readonly Look[]
  /** On the clock of the load. */
  readonly restartedAtMs: number
  /** From its start on; the last look is the one in which it has caught up, if it has. */
  readonly during: readonly Look[]
  readonly isCaughtUp: boolean
  /** Of the daemon that caught up, from its start to the last look. */
  readonly cpuSeconds: number | undefined
  /** What it logged of snapshots that it took. */
  readonly snapshots: readonly string[]
  readonly seconds: readonly SecondCount[]
}

/** Until it is ended. */
const loadMs = 30 * 24 * 3_600_000
/** Load goes on for so long after the catch-up, for what was sent meanwhile to be acknowledged. */
const settleMs = 5_000
/** Others that come to no new round for so long will never be far enough ahead. */
const standstillMs = 30_000
const progressMs = 10_000

/**
 * Starts daemons under load, kills the last, starts it again when the others are far ahead, and watches how it catches up and
 * what that costs them. Clients submit to the others alone, so that they have the same load all the time.
 *
 * throws  Fault<CommandFacts> when daemons or generators fail; nothing is left behind
 */
export async function benchCatchUp(
  options: CatchUpOptions,
  io: Io,
  note: (text: string) => void
): Promise<CatchUpReport> {
  const environment = environmentNow()
  const nodeOptions = { ...retentionFor(options), ...options.nodeOptions }
  await using network = await startBenchNetwork(
    { ...options, nodeOptions, delayMs: 0, nodeMbit: 0, encryption: 'tls', isDirect: true },
    io,
    note
  )
  const course = await underLoad(options, network, io, note)
  const protocol = await protocolOf(network)
  const connections = await connectionsOf(network)
  const agreed = await compareChains(network.daemons.map(chainOf))
  for (const reason of agreed.reasons) note(`no agreement: ${reason}`)
  const run = { ...options, nodeOptions }
  return catchUpReportOf(run, course, { ...connections, agreed, protocol, environment })
}

/** The others must still have what it lacks when it asks for it, at up to a commit for each member and round. */
function retentionFor({
  nodes,
  behindRounds
}: Pick<CatchUpOptions, 'nodes' | 'behindRounds'>): Partial<NodeOptions> {
  const { retention } = defaultNodeOptions
  const commits = 2 * nodes * behindRounds
  return commits <= retention.commits ? {} : { retention: { ...retention, commits } }
}

async function underLoad(
  options: CatchUpOptions,
  network: BenchNetwork,
  io: Io,
  note: (text: string) => void
): Promise<CatchUpCourse> {
  const started = Promise.withResolvers<number>()
  const warm = Promise.withResolvers<void>()
  const { transactionBytes, ratePerSecond, connections, warmupMs } = options
  await using generator = startGenerator(
    {
      controls: network.daemons.slice(0, -1).map(({ controlSocket }) => controlSocket),
      connections,
      ratePerSecond,
      application: 'log',
      transactionBytes,
      writes: 'batched',
      warmupMs,
      recoveryMs: 0,
      durationMs: loadMs,
      drainMs: 0,
      isCountedBySecond: true
    },
    io,
    (message: GeneratorMessage) => {
      if (message.type === 'started') started.resolve(message.atMs)
      else if (message.type === 'warmed-up') warm.resolve()
      else if (message.type === 'note') note(message.note)
    }
  )
  const over = new AbortController()
  const run = async (): Promise<CatchUpCourse> => {
    const startedAt = await started.promise
    await warm.promise
    const now = (): number => performance.timeOrigin + performance.now() - startedAt
    return new CatchUp(options, network, note, now, over.signal).run(generator)
  }
  try {
    // The generator ends when it is told to, at the end of the run, or when it fails.
    const failure = generator.finished.then(() => new Promise<never>(() => undefined))
    return await Promise.race([run(), failure, interruption(io.signal)])
  } finally {
    over.abort()
  }
}

/** One run under a load that is there already. */
class CatchUp {
  readonly #options: CatchUpOptions
  readonly #network: BenchNetwork
  readonly #note: (text: string) => void
  readonly #now: () => number
  readonly #signal: AbortSignal
  readonly #place: number
  #notedAt = 0

  constructor(
    options: CatchUpOptions,
    network: BenchNetwork,
    note: (text: string) => void,
    now: () => number,
    signal: AbortSignal
  ) {
    this.#options = options
    this.#network = network
    this.#note = note
    this.#now = now
    this.#signal = signal
    this.#place = network.daemons.length - 1
  }

  async run(generator: Pick<GeneratorProcess, 'stop'>): Promise<CatchUpCourse> {
    const { baselineMs, withinMs, closeCommits } = this.#options
    const watch = await CatchUpWatch.open(this.#network.daemons, this.#place, this.#now)
    const beganAt = this.#now()
    const before = await watch.until(({ atMs }) => atMs >= beganAt + baselineMs, this.#signal)
    const stood = await this.#kill()
    const away = await this.#untilBehind(watch, stood.round)
    const restartedAtMs = this.#now()
    const daemon = this.#network.restart(this.#place)
    this.#note(`started ${daemon.name} again`)
    let isCaughtUp = false
    const during = await watch.until(look => {
      const { own, others, atMs } = look
      const lacking = own === undefined ? undefined : others.executedIndex - own.executedIndex
      isCaughtUp = lacking !== undefined && lacking <= closeCommits
      if (lacking !== undefined) this.#progress(`it lacks ${countOf(lacking, 'commit')}`)
      return isCaughtUp || atMs >= restartedAtMs + withinMs
    }, this.#signal)
    const took = showMs(Math.round(this.#now() - restartedAtMs))
    this.#note(isCaughtUp ? `it has caught up after ${took}` : `it has not caught up in ${took}`)
    const cpuSeconds = await cpuSecondsOf(daemon)
    await sleep(settleMs, undefined, { signal: this.#signal })
    const { seconds = [] } = await generator.stop()
    const snapshots = daemon.events('snapshot-adopted')
    const phases = { before, stood, away, restartedAtMs, during }
    return { ...phases, isCaughtUp, cpuSeconds, snapshots, seconds }
  }

  /** Where it stood. */
  async #kill(): Promise<Standing> {
    const daemon = this.#network.daemons[this.#place] as Daemon
    const { round, executedIndex } = await daemon.client().call('node.status', {})
    daemon.signal('SIGKILL')
    await daemon.exited
    this.#note(`killed ${daemon.name} in round ${round}`)
    return { round, executedIndex }
  }

  async #untilBehind(watch: CatchUpWatch, stoodAt: number): Promise<readonly Look[]> {
    const { behindRounds } = this.#options
    let furthest = { round: stoodAt, atMs: this.#now() }
    return watch.until(({ others, atMs }) => {
      const { round } = others
      if (round > furthest.round) furthest = { round, atMs }
      else if (atMs > furthest.atMs + standstillMs) {
        const text = `the others stand still in round ${round}, ${round - stoodAt} ahead`
        throw commandFault('failed', text)
      }
      this.#progress(`the others are ${round - stoodAt} of ${behindRounds} rounds ahead`)
      return round >= stoodAt + behindRounds
    }, this.#signal)
  }

  /** Tells what is the case, now and then. */
  #progress(text: string): void {
    if (this.#now() < this.#notedAt + progressMs) return
    this.#notedAt = this.#now()
    this.#note(text)
  }
}

async function cpuSecondsOf(daemon: Daemon): Promise<number | undefined> {
  const health = (await statusOf(daemon))?.sockets.health
  return health === undefined ? undefined : (await readNode(health))?.cpuSeconds
}
