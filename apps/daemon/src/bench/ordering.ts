import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awaitStragglers, compareChains } from '../devnet/agreement.ts'
import { chainOf } from '../devnet/devnet.ts'
import { statusOf } from '../devnet/network.ts'
import type { Io } from '../io.ts'
import { countOf, showMs } from '../settings.ts'
import {
  type BenchNetwork,
  type BenchNetworkOptions,
  profileName,
  startBenchNetwork
} from './bench-network.ts'
import {
  monotonicUs,
  type ProfileRow,
  type ProfileSpan,
  readProfile,
  topOf
} from './cpu-profile.ts'
import { probeDisk } from './disk-probe.ts'
import { environmentNow, machineCpuSeconds } from './environment.ts'
import type { GeneratorMessage, GeneratorResult } from './generator.ts'
import { startGenerator } from './generator-process.ts'
import { connectionsOf, interruption, protocolOf } from './network-facts.ts'
import { difference, type NodeReading, readNode } from './node-reading.ts'
import type { BenchApplication } from './payload-plan.ts'
import { processCpuSeconds } from './process-cpu.ts'
import { type BenchReport, type Measured, reportOf } from './report.ts'

/** One run at one rate. */
export interface OrderingOptions extends Omit<BenchNetworkOptions, 'profileDirectory'> {
  readonly application: BenchApplication
  readonly transactionBytes: number
  readonly ratePerSecond: number
  readonly warmupMs: number
  readonly durationMs: number
  readonly connections: number
  readonly writes: 'batched' | 'single'
  /** Daemons that are killed after the warm-up. */
  readonly crash: number
  /** Profiles the first daemon. */
  readonly isProfiled: boolean
}

const drainMs = 10_000
/** For a node that fell behind under the load, before the chains are compared. */
const stragglersMs = 60_000
/** From a crash until transactions count again. */
const recoveryMs = 3_000
const profileRows = 25
/** Of the time that is measured, for so long the disk is looked at, before there is any load. */
const diskShare = 0.2
const diskMsMax = 10_000

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
  const diskMs = Math.min(diskMsMax, options.durationMs * diskShare)
  note(
    `looking at the disk for ${showMs(diskMs)}, then starting ${countOf(options.nodes, 'daemon')}`
  )
  const disk = await Promise.race([probeDisk(diskMs, io.signal), interruption(io.signal)])
  using profile = options.isProfiled ? profileDirectory() : undefined
  await using network = await startBenchNetwork(
    { ...options, ...(profile === undefined ? {} : { profileDirectory: profile.path }) },
    io,
    note
  )
  const loaded = await load(options, network, io, note)
  const left = network.daemons.slice(0, options.nodes - options.crash)
  const protocol = await protocolOf(network)
  const connections = await connectionsOf(network)
  const chains = left.map(chainOf)
  await awaitStragglers(chains, stragglersMs)
  const agreed = await compareChains(chains)
  for (const reason of agreed.reasons) note(`no agreement: ${reason}`)
  const { links } = network
  const measured: Measured = {
    ...loaded,
    ...connections,
    agreed,
    protocol,
    links,
    environment,
    disk
  }
  const report = reportOf(options, measured)
  if (profile === undefined) return report
  await network.stop()
  return { ...report, profile: profile.top(loaded.span) }
}

interface Loaded {
  readonly result: GeneratorResult
  /** By daemon, while the window lasted. */
  readonly used: readonly (NodeReading | undefined)[]
  /** CPU of the whole machine, while the window lasted. */
  readonly machineSeconds: number
  /** When the window was open. */
  readonly span: ProfileSpan
}

async function load(
  options: OrderingOptions,
  { daemons }: BenchNetwork,
  io: Io,
  note: (text: string) => void
): Promise<Loaded> {
  const statuses = await Promise.all(daemons.map(statusOf))
  const urls = statuses.map(status => status?.sockets.health)
  const readAll = () =>
    Promise.all(urls.map(url => (url === undefined ? undefined : readNode(url))))
  const readCpu = () =>
    daemons.map(({ pid }) => (pid === undefined ? undefined : processCpuSeconds(pid)))
  let cpuBefore: ReturnType<typeof readCpu> = []
  let cpuAfter: ReturnType<typeof readCpu> = []
  let machineSeconds = 0
  const span = { fromUs: 0, toUs: 0 }
  let before: ReturnType<typeof readAll> | undefined
  let after: ReturnType<typeof readAll> | undefined
  const onMessage = (message: GeneratorMessage): void => {
    if (message.type === 'warmed-up') {
      const { length } = daemons
      for (const daemon of daemons.slice(length - options.crash)) daemon.signal('SIGKILL')
    } else if (message.type === 'window-opened') {
      machineSeconds -= machineCpuSeconds()
      cpuBefore = readCpu()
      span.fromUs = monotonicUs()
      before = readAll()
    } else if (message.type === 'window-closed') {
      machineSeconds += machineCpuSeconds()
      cpuAfter = readCpu()
      span.toUs = monotonicUs()
      after = readAll()
    } else if (message.type === 'note') note(message.note)
    else if (message.type === 'progress') note(progressOf(message))
  }
  const { application, transactionBytes, ratePerSecond, connections, writes } = options
  await using generator = startGenerator(
    {
      controls: daemons.map(({ controlSocket }) => controlSocket),
      connections,
      ratePerSecond,
      application,
      transactionBytes,
      writes,
      warmupMs: options.warmupMs,
      recoveryMs: options.crash > 0 ? recoveryMs : 0,
      durationMs: options.durationMs,
      drainMs
    },
    io,
    onMessage
  )
  const result = await Promise.race([generator.finished, interruption(io.signal)])
  const [first, last] = [await before, await after]
  const used = daemons.map((_, i) => {
    const [start, end] = [first?.[i], last?.[i]]
    if (start === undefined || end === undefined) return undefined
    const reading = difference(start, end)
    const [from, to] = [cpuBefore[i], cpuAfter[i]]
    // What a node says of itself comes late when it is busy, and counts what it did until then.
    return from === undefined || to === undefined ? reading : { ...reading, cpuSeconds: to - from }
  })
  return { result, used, machineSeconds, span }
}

function progressOf({ due, answered }: { due: number; answered: number }): string {
  return due === 0 ? 'warming up' : `${answered} of ${due} answered`
}

function profileDirectory(): Disposable & {
  readonly path: string
  top(span: ProfileSpan): readonly ProfileRow[]
} {
  const path = mkdtempSync(join(tmpdir(), 'novacron-profile-'))
  return {
    path,
    top: span => topOf(readProfile(join(path, profileName)), profileRows, span),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true })
  }
}
