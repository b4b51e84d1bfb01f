import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ClusterOptions } from '../../src/config/cluster-options.ts'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import { buildGenesis, type Genesis } from '../../src/config/genesis.ts'
import { type InitializedNode, initNode, installGenesis } from '../../src/config/init.ts'
import type { NodeOptions } from '../../src/config/node-options.ts'
import { valueOrThrow } from '../../src/config/result.ts'
import type { Control } from '../../src/control/control.ts'
import { type RunningNode, type StartOptions, startNode } from '../../src/node.ts'

export interface ClusterRequest {
  readonly members?: number
  readonly cluster?: Partial<ClusterOptions>
  readonly options?: Partial<NodeOptions>
}

const startTimeoutMs = 20_000

/** Data directories of one chain on loopback, and the nodes that run from them in this process. */
export class TestCluster implements AsyncDisposable {
  readonly root: string
  readonly genesis: Genesis
  readonly members: readonly InitializedNode[]
  readonly #options: Partial<NodeOptions>
  readonly #nodes = new Map<string, RunningNode>()

  private constructor(
    root: string,
    genesis: Genesis,
    members: readonly InitializedNode[],
    options: Partial<NodeOptions>
  ) {
    this.root = root
    this.genesis = genesis
    this.members = members
    this.#options = options
  }

  /** Directories of `node-1` to `node-n`; nothing runs. */
  static async make({ members = 4, cluster = {}, options = {} }: ClusterRequest = {}) {
    const root = mkdtempSync(join(tmpdir(), 'novacron-'))
    const ports = await freePorts(members)
    const made = ports.map((port, i) => init(root, `node-${i + 1}`, port, options))
    const request = { chainName: 'test', createdAt: '2026-01-01T00:00:00.000Z', cluster }
    const genesis = valueOrThrow(
      buildGenesis(
        made.map(node => node.part),
        request
      ),
      'genesis'
    )
    for (const { paths } of made) installGenesis(paths.directory, genesis)
    return new TestCluster(root, genesis, made, options)
  }

  /** Directory of one that is not in the genesis. */
  async addObserver(name: string, options: Partial<NodeOptions> = {}): Promise<InitializedNode> {
    const [port = 0] = await freePorts(1)
    const made = init(this.root, name, port, { ...this.#options, ...options })
    installGenesis(made.paths.directory, this.genesis)
    return made
  }

  directory(member: number): string {
    return join(this.root, `node-${member}`)
  }

  /** Resolves once the node has read back what it has stored, before which it refuses transactions, or has failed. */
  async start(member: number | string, options: StartOptions = {}): Promise<Control> {
    const name = typeof member === 'number' ? `node-${member}` : member
    const node = await startNode(
      join(this.root, name),
      options,
      AbortSignal.timeout(startTimeoutMs)
    )
    this.#nodes.set(name, node)
    await restored(node)
    return node.control
  }

  async startAll(options: StartOptions = {}): Promise<readonly Control[]> {
    return Promise.all(this.members.map((_, i) => this.start(i + 1, options)))
  }

  node(member: number | string): RunningNode {
    const name = typeof member === 'number' ? `node-${member}` : member
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`${name} does not run`)
    return node
  }

  async stop(member: number | string): Promise<void> {
    const name = typeof member === 'number' ? `node-${member}` : member
    const node = this.#nodes.get(name)
    this.#nodes.delete(name)
    await node?.[Symbol.asyncDispose]()
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#nodes.keys()].map(name => this.stop(name)))
  }

  /** Lines that a node has logged, over all its lives, parsed. */
  logOf(member: number | string): readonly LogLine[] {
    const name = typeof member === 'number' ? `node-${member}` : member
    const { logs } = dataPathsOf(join(this.root, name))
    return readFileSync(join(logs, 'node.log'), 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as LogLine)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll()
    rmSync(this.root, { recursive: true, force: true })
  }
}

export interface LogLine {
  readonly event: string
  readonly [fact: string]: unknown
}

async function restored({ control, stopped }: RunningNode): Promise<void> {
  let isOver = false
  void stopped.then(() => (isOver = true))
  const isRestored = () => isOver || control.status().state !== 'starting'
  await expect.poll(isRestored, { timeout: startTimeoutMs }).toBe(true)
}

function init(
  root: string,
  name: string,
  port: number,
  options: Partial<NodeOptions>
): InitializedNode {
  const address = `/ip4/127.0.0.1/tcp/${port}`
  return initNode(join(root, name), {
    options: {
      listen: [address],
      log: { level: 'info', destination: 'file' },
      ...options,
      name
    },
    addresses: [address]
  })
}

/** Ports that nobody listens on; a genesis needs them before the nodes start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen()))
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Below those that the system gives to connections that go out, and of a part of this process: others leave them alone meanwhile. */
function listen(): Promise<ReturnType<typeof createServer>> {
  const [first, parts, portsPerPart] = [20_000, 32, 399]
  const port = first + (process.pid % parts) * portsPerPart + randomInt(portsPerPart)
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(listen()) : reject(error)
    )
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
