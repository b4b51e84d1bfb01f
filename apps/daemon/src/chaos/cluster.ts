import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultNodeOptions, type NodeOptions, type NodeStatus } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { Daemon } from '../devnet/daemon.ts'
import { type DevnetNode, freePorts, makeNodes } from '../devnet/layout.ts'
import { statusOf, untilReady } from '../devnet/network.ts'
import type { Io } from '../io.ts'
import type { EvidenceLine } from './checkers.ts'
import { type Counters, readCounters } from './counters.ts'
import { LinkGrid } from './proxy/link-grid.ts'

/** What a scenario asks of the network that it is run on. */
export interface ClusterPlan {
  readonly nodes: number
  /** Configuration of single nodes, by place from 0. */
  readonly options?: (node: number) => Partial<NodeOptions>
  /** More flags of Node for the daemon of a place, such as a module that is loaded before it. */
  readonly flags?: (node: number, root: string) => readonly string[]
  /** Called with the root before anything is in it; what it returns is undone after everything has stopped. */
  readonly prepare?: (root: string) => Disposable
  /** Places whose daemon is another program; it is started with the data directory and held to nothing. */
  readonly replaced?: ReadonlyMap<number, Replacement>
}

/** Starts another program in place of a daemon; disposing ends it. */
export type Replacement = (
  node: DevnetNode,
  links: LinkGrid,
  io: Pick<Io, 'program' | 'env'>
) => Promise<AsyncDisposable>

const readyMs = 60_000
/** Of four daemons every forty rounds: often enough that a run of some seconds has several. */
const checkpointIntervalCommits = 160
/** All that is acknowledged is looked for at the end, however long a fault lasts and as fast as commits may come. */
const retention = { ...defaultNodeOptions.retention, commits: 10_000_000 }
/** A dead port: who believed in announced addresses would not get far, and never past the links. */
const nowhere = '/ip4/127.0.0.1/tcp/1'

interface Parts {
  readonly root: string
  readonly links: LinkGrid
  readonly nodes: readonly DevnetNode[]
  readonly ports: readonly number[]
}

/** Daemons of one network, each a process, that reach each other through links of ours alone. */
export class Cluster implements AsyncDisposable {
  readonly root: string
  readonly links: LinkGrid
  readonly plan: ClusterPlan
  readonly #nodes: readonly DevnetNode[]
  readonly #ports: readonly number[]
  readonly #daemons: (Daemon | undefined)[]
  readonly #io: Pick<Io, 'program' | 'env'>
  readonly #owned: AsyncDisposableStack
  readonly #paused = new Set<number>()

  private constructor(
    parts: Parts,
    plan: ClusterPlan,
    io: Pick<Io, 'program' | 'env'>,
    stack: AsyncDisposableStack
  ) {
    this.root = parts.root
    this.links = parts.links
    this.plan = plan
    this.#nodes = parts.nodes
    this.#ports = parts.ports
    this.#daemons = parts.nodes.map(() => undefined)
    this.#io = io
    stack.defer(() => this.#stopAll())
    this.#owned = stack.move()
  }

  /**
   * Makes directories and links, starts all daemons, and resolves when each is connected to all others.
   *
   * throws  Fault<CommandFacts> with the log of the daemon at fault; nothing is left behind then
   */
  static async start(plan: ClusterPlan, io: Io, random: () => number): Promise<Cluster> {
    await using stack = new AsyncDisposableStack()
    const root = mkdtempSync(join(tmpdir(), 'novacron-chaos-'))
    stack.defer(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
    if (plan.prepare !== undefined) stack.use(plan.prepare(root))
    const ports = await freePorts(plan.nodes)
    const targets = ports.map(port => ({ host: '127.0.0.1', port }))
    const links = stack.use(await LinkGrid.open(targets, random))
    const nodes = makeNodes(root, ports, {
      cluster: { checkpointIntervalCommits },
      options: node => ({ announce: [nowhere], retention, ...plan.options?.(node) }),
      dialPort: (from, to) => links.port(from, to)
    })
    const owned = stack.move()
    const inner = new AsyncDisposableStack()
    inner.use(owned)
    const cluster = new Cluster({ root, links, nodes, ports }, plan, io, inner)
    try {
      for (const [node, replace] of plan.replaced ?? []) {
        cluster.#owned.use(await replace(nodes[node] as DevnetNode, links, io))
      }
      for (const node of cluster.honest) cluster.start(node)
      await cluster.ready(io.signal)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Places of all that run the daemon proper. */
  get honest(): readonly number[] {
    return [...this.#nodes.keys()].filter(node => this.plan.replaced?.has(node) !== true)
  }

  nameOf(node: number): string {
    return this.#node(node).name
  }

  /** Port that the daemon itself listens on, as strangers find it. */
  listenPort(node: number): number {
    return this.#ports[node] ?? 0
  }

  directoryOf(node: number): string {
    return this.#node(node).directory
  }

  daemon(node: number): Daemon {
    const daemon = this.#daemons[node]
    if (daemon === undefined) throw new RangeError(`node ${node} was never started`)
    return daemon
  }

  /** Starts the process of a node that is down. */
  start(node: number): Daemon {
    const flags = this.plan.flags?.(node, this.root) ?? []
    mkdirSync(join(this.directoryOf(node), 'logs'), { recursive: true, mode: 0o700 })
    const daemon = new Daemon(this.#node(node), this.#io, flags)
    this.#daemons[node] = daemon
    return daemon
  }

  /** kill -9; resolves when the process is gone. */
  async kill(node: number): Promise<void> {
    const daemon = this.daemon(node)
    daemon.signal('SIGKILL')
    await daemon.exited
    this.#paused.delete(node)
  }

  pause(node: number): void {
    this.daemon(node).signal('SIGSTOP')
    this.#paused.add(node)
  }

  resume(node: number): void {
    this.daemon(node).signal('SIGCONT')
    this.#paused.delete(node)
  }

  /** Takes every fault of links and processes back, and starts what is down. */
  heal(): void {
    this.links.healAll()
    for (const node of [...this.#paused]) this.resume(node)
    for (const node of this.honest) if (!this.daemon(node).isRunning) this.start(node)
  }

  status(node: number): Promise<NodeStatus | undefined> {
    return statusOf(this.daemon(node))
  }

  async ready(signal: AbortSignal): Promise<void> {
    await untilReady(
      this.honest.map(node => this.daemon(node)),
      readyMs,
      signal
    )
  }

  /** What daemons wrote of somebody who signed two things for one place, over all their lives. */
  evidence(): readonly EvidenceLine[] {
    return this.honest.flatMap(node =>
      this.events(node, 'evidence').map(line => ({ node: this.nameOf(node), line }))
    )
  }

  /** Lines of one event in the log of a daemon, over all its lives. */
  events(node: number, event: string): readonly string[] {
    return this.#logLines(node).filter(line => line.includes(`"event":"${event}"`))
  }

  /** When the lines of a daemon's log were written, by its own clock, over all its lives. */
  loggedAt(node: number): readonly number[] {
    const times = this.#logLines(node).map(line => Number(/"time":(\d+)/.exec(line)?.[1]))
    return times.filter(time => !Number.isNaN(time))
  }

  /** What a daemon has counted; empty when it does not answer. */
  async counters(node: number): Promise<Counters> {
    const status = await this.status(node)
    return (await readCounters(status?.sockets.health)) ?? new Map()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }

  #logLines(node: number): readonly string[] {
    try {
      return readFileSync(this.daemon(node).logPath, 'utf8').split('\n')
    } catch {
      return []
    }
  }

  #node(node: number): DevnetNode {
    const found = this.#nodes[node]
    if (found === undefined) throw commandFault('usage', `there is no node ${node + 1}`)
    return found
  }

  /** By force: what they would still write is of no use to anybody. */
  async #stopAll(): Promise<void> {
    const running = this.#daemons.filter(daemon => daemon?.isRunning === true)
    for (const daemon of running) daemon?.signal('SIGKILL')
    await Promise.all(running.map(daemon => daemon?.exited))
  }
}
