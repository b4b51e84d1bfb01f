import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Fault } from '@novacron/base'
import {
  type ClusterOptions,
  type ConfigFault,
  defaultNodeOptions,
  type NodeOptions
} from '@novacron/node'
import { LinkGrid } from '../chaos/proxy/link-grid.ts'
import { commandFault } from '../command-fault.ts'
import { Daemon } from '../devnet/daemon.ts'
import { type DevnetNode, freePorts, type LayoutOptions, makeNodes } from '../devnet/layout.ts'
import { untilReady } from '../devnet/network.ts'
import type { Io } from '../io.ts'
import { type Namespaces, openNamespaces } from './namespaces.ts'

/** Daemons, and what lies between them. */
export interface BenchNetworkOptions {
  readonly nodes: number
  readonly readyMs: number
  /** One way, on every link; 0 for none. */
  readonly delayMs: number
  /** Of each node, in and out each; 0 for no limit. */
  readonly nodeMbit: number
  readonly encryption: 'tls' | 'noise'
  /** Frames go over TLS sockets of the node's own. */
  readonly isDirect: boolean
  /** What differs from the defaults, for comparisons. */
  readonly nodeOptions?: Partial<NodeOptions>
  readonly clusterOptions?: Partial<ClusterOptions>
  /** Directory for a CPU profile of the first daemon. */
  readonly profileDirectory?: string
}

/** What lies between the daemons, and delays or limits what they send. */
export type BenchLinks = 'loopback' | 'namespaces' | 'proxies'

export interface BenchNetwork extends AsyncDisposable {
  readonly links: BenchLinks
  readonly daemons: readonly Daemon[]
  /** Starts the daemon of a place, from 0, again on its data; the process before it has ended. */
  restart(place: number): Daemon
  /** Ends the daemons in order, so that they write what they have to. */
  stop(): Promise<void>
}

export const profileName = 'node-1.cpuprofile'
const bytesPerMbit = 125_000
/** A dead port: who believed in announced addresses would go round the links. */
const nowhere = '/ip4/127.0.0.1/tcp/1'

/**
 * Starts daemons in a fresh directory that is removed at the end. A limit is set by the kernel where this process may make
 * network namespaces; elsewhere, and with a delay, daemons reach each other through links of ours alone, in this process,
 * which does nothing else meanwhile.
 *
 * throws  Fault<CommandFacts> with the log of the daemon at fault; nothing is left behind then
 */
export async function startBenchNetwork(
  options: BenchNetworkOptions,
  io: Io,
  note: (text: string) => void
): Promise<BenchNetwork> {
  await using stack = new AsyncDisposableStack()
  const root = mkdtempSync(join(tmpdir(), 'novacron-bench-'))
  stack.defer(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
  const ports = await freePorts(options.nodes)
  const spaces = openSpaces(options, stack)
  const links = spaces === undefined ? await openLinks(options, ports, stack) : undefined
  const { nodeOptions = {} } = options
  const network = {
    ...defaultNodeOptions.network,
    direct: options.isDirect,
    encryption: [options.encryption],
    ...nodeOptions.network
  }
  const layout: LayoutOptions = {
    ...(options.clusterOptions === undefined ? {} : { cluster: options.clusterOptions }),
    ...(spaces === undefined ? {} : { host: node => spaces.host(node) }),
    options: node => ({
      ...(links === undefined ? {} : { announce: [nowhere] }),
      ...(spaces === undefined ? {} : { metrics: { host: spaces.host(node), port: 0 } }),
      ...nodeOptions,
      network
    }),
    ...(links === undefined ? {} : { dialPort: (from, to) => links.port(from, to) })
  }
  const nodes = namingOptions(() => makeNodes(root, ports, layout))
  const daemons: Daemon[] = []
  const stop = async (): Promise<void> => {
    const told = await Promise.all(daemons.map(daemon => daemon.stop()))
    for (const text of told) if (text !== undefined) note(text)
  }
  stack.defer(stop)
  const start = (place: number): Daemon => {
    const flags = place === 0 ? profileFlags(options.profileDirectory) : []
    const daemon = new Daemon(nodes[place] as DevnetNode, io, flags, spaces?.enter(place))
    daemons[place] = daemon
    return daemon
  }
  for (const place of nodes.keys()) start(place)
  await untilReady(daemons, options.readyMs, io.signal)
  const owned = stack.move()
  const limited = links === undefined ? 'loopback' : 'proxies'
  const found = spaces === undefined ? limited : 'namespaces'
  const dispose = (): Promise<void> => owned.disposeAsync()
  return { daemons, links: found, restart: start, stop, [Symbol.asyncDispose]: dispose }
}

/** A file that does not outlive the command is wrong by what the command was given. */
function namingOptions<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'invalid') throw error
    const { path, problems } = (error as ConfigFault).facts as ConfigFault['facts'] & {
      readonly code: 'invalid'
    }
    const option = basename(path) === 'config.json' ? '--node-options' : '--cluster-options'
    throw commandFault('usage', `option '${option} <json>': ${problems.join('; ')}`, error)
  }
}

/** Delays are made by proxies, and then limits too. */
function openSpaces(
  { nodes, delayMs, nodeMbit }: BenchNetworkOptions,
  stack: AsyncDisposableStack
): Namespaces | undefined {
  if (nodeMbit === 0 || delayMs > 0) return undefined
  const spaces = openNamespaces(nodes, nodeMbit)
  return spaces === undefined ? undefined : stack.use(spaces)
}

async function openLinks(
  { delayMs, nodeMbit }: BenchNetworkOptions,
  ports: readonly number[],
  stack: AsyncDisposableStack
): Promise<LinkGrid | undefined> {
  if (delayMs === 0 && nodeMbit === 0) return undefined
  const targets = ports.map(port => ({ host: '127.0.0.1', port }))
  // Nothing is left to chance without jitter and damage.
  const links = stack.use(await LinkGrid.open(targets, () => 0))
  if (delayMs > 0) links.shapeAll({ delayMs })
  if (nodeMbit > 0) links.limitEach(nodeMbit * bytesPerMbit)
  return links
}

function profileFlags(directory: string | undefined): readonly string[] {
  if (directory === undefined) return []
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${profileName}`]
}
