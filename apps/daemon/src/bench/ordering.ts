import { commandFault } from '../command-fault.ts'
import { compareChains } from '../devnet/agreement.ts'
import { chainOf } from '../devnet/devnet.ts'
import { type Network, startNetwork, statusOf } from '../devnet/network.ts'
import type { Io } from '../io.ts'
import { environmentNow, machineCpuSeconds } from './environment.ts'
import type { GeneratorMessage, GeneratorResult } from './generator.ts'
import { startGenerator } from './generator-process.ts'
import { difference, type NodeReading, readNode } from './node-reading.ts'
import type { BenchApplication } from './payload-plan.ts'
import type { BenchReport } from './report.ts'

/** One run at one rate. */
export interface OrderingOptions {
  readonly nodes: number
  readonly application: BenchApplication
  readonly transactionBytes: number
  readonly ratePerSecond: number
  readonly warmupMs: number
  readonly durationMs: number
  readonly connections: number
  readonly writes: 'batched' | 'single'
  /** For all daemons to be up. */
  readonly readyMs: number
}

const drainMs = 10_000

/**
 * Starts daemons, loads them, reads what they used, compares their chains, and stops them.
 *
 * throws  Fault<CommandFacts> when daemons or generators fail; nothing is left behind
 */
export async function benchOrdering(
  options: OrderingOptions,
  io: Io,
  note: (text: string) => void
): Promise<BenchReport> {
  const environment = environmentNow()
  await using network = await startNetwork(
    { nodes: options.nodes, keep: false, readyMs: options.readyMs },
    io,
    note
  )
  const { result, used, machineSeconds } = await load(options, network, io, note)
  const status = await firstStatus(network)
  const agreed = await compareChains(network.daemons.map(chainOf))
  for (const reason of agreed.reasons) note(`no agreement: ${reason}`)
  const seconds = options.durationMs / 1_000
  const throughput = Math.round(result.acknowledgedInWindow / seconds)
  const total = (of: (reading: NodeReading) => number): number =>
    used.reduce((sum, reading) => sum + (reading === undefined ? 0 : of(reading)), 0)
  const most = (of: (reading: NodeReading) => number): number =>
    Math.max(0, ...used.map(reading => (reading === undefined ? 0 : of(reading))))
  const cpu = total(({ cpuSeconds }) => cpuSeconds)
  const megabytes = (result.acknowledgedInWindow * options.transactionBytes) / 1e6
  return {
    benchmark: 'ordering',
    settings: {
      nodes: options.nodes,
      application: options.application,
      transactionBytes: options.transactionBytes,
      ratePerSecond: options.ratePerSecond,
      durationSeconds: seconds,
      warmupSeconds: options.warmupMs / 1_000,
      connections: options.connections,
      writes: options.writes
    },
    throughput,
    latencyMs: result.latencyMs,
    transactions: {
      due: result.due,
      acknowledged: result.answered,
      missing: result.due - result.answered,
      refused: result.refused
    },
    cpuSeconds: {
      perNode: used.map(reading => (reading === undefined ? null : rounded(reading.cpuSeconds))),
      nodes: rounded(cpu),
      generators: rounded(result.cpuSeconds),
      others: rounded(Math.max(0, machineSeconds - cpu - result.cpuSeconds))
    },
    cpuMsPerMB: megabytes === 0 ? null : rounded((cpu * 1_000) / megabytes),
    peakRssBytes: most(({ peakRssBytes }) => peakRssBytes),
    wireBytes: total(({ wireBytes }) => wireBytes),
    signaturesChecked: total(({ signaturesChecked }) => signaturesChecked),
    fsyncs: total(({ fsyncs }) => fsyncs),
    commits: most(({ commits }) => commits),
    agreement: agreed.agreement,
    commitsCompared: agreed.compared,
    protocol: status.protocol,
    encryption: await encryptionOf(network),
    environment
  }
}

interface Loaded {
  readonly result: GeneratorResult
  /** By daemon, while the window lasted. */
  readonly used: readonly (NodeReading | undefined)[]
  /** CPU of the whole machine, while the window lasted. */
  readonly machineSeconds: number
}

async function load(
  options: OrderingOptions,
  network: Network,
  io: Io,
  note: (text: string) => void
): Promise<Loaded> {
  const { application, transactionBytes, ratePerSecond, warmupMs, durationMs } = options
  const { connections, writes } = options
  const urls = await Promise.all(
    network.daemons.map(async daemon => healthOf(await statusOf(daemon)))
  )
  const readAll = (): Promise<readonly (NodeReading | undefined)[]> =>
    Promise.all(urls.map(url => (url === undefined ? undefined : readNode(url))))
  let machineSeconds = 0
  let before: ReturnType<typeof readAll> | undefined
  let after: ReturnType<typeof readAll> | undefined
  const onMessage = (message: GeneratorMessage): void => {
    if (message.type === 'window-opened') {
      machineSeconds -= machineCpuSeconds()
      before = readAll()
    } else if (message.type === 'window-closed') {
      machineSeconds += machineCpuSeconds()
      after = readAll()
    } else if (message.type === 'note') note(message.note)
    else if (message.type === 'progress') note(`${message.answered} of ${message.due} answered`)
  }
  await using generator = startGenerator(
    {
      controls: network.daemons.map(({ controlSocket }) => controlSocket),
      connections,
      ratePerSecond,
      application,
      transactionBytes,
      writes,
      warmupMs,
      durationMs,
      drainMs
    },
    io,
    onMessage
  )
  const interrupted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(commandFault('interrupted', 'interrupted'))
    io.signal.addEventListener('abort', onAbort, { once: true })
    if (io.signal.aborted) onAbort()
  })
  const result = await Promise.race([generator.finished, interrupted])
  const [first, last] = [await before, await after]
  const used = network.daemons.map((_, i) => {
    const [start, end] = [first?.[i], last?.[i]]
    return start === undefined || end === undefined ? undefined : difference(start, end)
  })
  return { result, used, machineSeconds }
}

function healthOf(status: Awaited<ReturnType<typeof statusOf>>): string | undefined {
  return status?.sockets.health
}

async function firstStatus({ daemons }: Network) {
  for (const daemon of daemons) {
    const status = await statusOf(daemon)
    if (status !== undefined) return status
  }
  throw commandFault('failed', 'no daemon answers after the load')
}

/** Of the connections between the daemons, as a running one tells it. */
async function encryptionOf({ daemons }: Network): Promise<string> {
  for (const daemon of daemons) {
    if (!daemon.isRunning) continue
    const { peers } = await daemon.client().call('node.peers', {})
    const found = new Set(peers.flatMap(({ encryption }) => encryption ?? []))
    return [...found].sort().join(', ') || 'none'
  }
  return 'none'
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
