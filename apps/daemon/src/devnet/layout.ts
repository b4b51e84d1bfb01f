import { randomInt } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import {
  buildGenesis,
  type ClusterOptions,
  dataPathsOf,
  initNode,
  installGenesis,
  type NodeOptions,
  type NodePart,
  valueOrThrow
} from '@novacron/node'

/** One daemon of a local network. */
export interface DevnetNode {
  readonly name: string
  /** Its data directory. */
  readonly directory: string
}

const nodeName = /^node-(\d+)$/

/** The nodes of a local network that was made in `root` before, in order; empty when there is none. */
export function findNodes(root: string): readonly DevnetNode[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter(name => nodeName.test(name) && existsSync(dataPathsOf(join(root, name)).config))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map(name => ({ name, directory: join(root, name) }))
}

function numberOf(name: string): number {
  return Number(nodeName.exec(name)?.[1])
}

/** Where a local network differs from what `novacron init` would make. */
export interface LayoutOptions {
  readonly cluster?: Partial<ClusterOptions>
  /** Where a node listens; 127.0.0.1 unless said otherwise. */
  readonly host?: (node: number) => string
  readonly options?: (node: number) => Partial<NodeOptions>
  /** Port under which `from` dials `to`, both from 0; without it the port that `to` listens on. */
  readonly dialPort?: (from: number, to: number) => number
}

/**
 * Makes keys, configuration and one genesis for nodes that listen on these ports of 127.0.0.1, each in a directory of its
 * own under `root`. They know each other by the genesis alone; addresses are not part of what it means, so each node may
 * have its own.
 */
export function makeNodes(
  root: string,
  ports: readonly number[],
  { cluster = {}, host, options, dialPort }: LayoutOptions = {}
): readonly DevnetNode[] {
  const parts: NodePart[] = []
  const nodes = ports.map((port, i) => {
    const name = nameOfNode(i)
    const directory = join(root, name)
    const listen = [addressOf(port, host?.(i))]
    const discovery = { bootstrap: [], mdns: false }
    const own = { name, listen, discovery, ...options?.(i) }
    parts.push(initNode(directory, { options: own, addresses: listen }).part)
    return { name, directory }
  })
  const createdAt = new Date().toISOString()
  const request = { chainName: 'devnet', createdAt, cluster }
  const genesis = valueOrThrow(buildGenesis(parts, request), root)
  for (const [from, { directory }] of nodes.entries()) {
    const members = genesis.members.map(member => {
      const to = nodes.findIndex(({ name }) => name === member.name)
      if (dialPort === undefined || to === from) return member
      return { ...member, addresses: [addressOf(dialPort(from, to))] }
    })
    installGenesis(directory, { ...genesis, members })
  }
  return nodes
}

/** Of a place from 0. */
export function nameOfNode(place: number): string {
  return `node-${place + 1}`
}

function addressOf(port: number, host = '127.0.0.1'): string {
  return `/ip4/${host}/tcp/${port}`
}

/**
 * Below those that systems give to connections that go out (from 32768 on Linux, from 49152 by RFC 6335): a port that waits for
 * its daemon, to start or to be started again, is not taken by one of these.
 */
export const portRange = { first: 20_000, last: 32_767 }
const portTriesMax = 100
/** Each process draws from one of so many parts: what it has chosen and not used yet is not chosen by its neighbour. */
const portParts = 32

/** Ports of 127.0.0.1 that were free a moment ago, all different since all were held at once. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = await Promise.all(Array.from({ length: count }, holdPort))
  await Promise.all(held.map(({ server }) => new Promise(resolve => server.close(resolve))))
  return held.map(({ port }) => port)
}

async function holdPort(): Promise<{ readonly port: number; readonly server: Server }> {
  const portsPerPart = Math.floor((portRange.last + 1 - portRange.first) / portParts)
  const first = portRange.first + (process.pid % portParts) * portsPerPart
  for (let tries = 1; ; tries++) {
    const port = first + randomInt(portsPerPart)
    try {
      return { port, server: await listenOn(port) }
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || tries === portTriesMax) throw error
    }
  }
}

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => resolve(server))
  })
}
