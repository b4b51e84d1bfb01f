import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockOwnerOf, makePrivateDirectory, type NodeStatus } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import type { Io } from '../io.ts'
import { countOf, showMs } from '../settings.ts'
import { Daemon } from './daemon.ts'
import { type DevnetNode, findNodes, freePorts, makeNodes } from './layout.ts'

/** How many daemons, and what becomes of their directories. */
export interface NetworkOptions {
  readonly nodes: number
  /** Kept; without it a fresh directory under the temporary one is removed at the end. */
  readonly dir?: string
  readonly keep: boolean
  /** For all nodes to be running and connected to each other. */
  readonly readyMs: number
}

/** Times that other ports are tried when one was taken between choosing and using it. */
const attemptsMax = 3
const pollMs = 100
const statusCallMs = 2_000

/** Daemons that run. Disposing stops them all, and removes what is not to be kept. */
export interface Network extends AsyncDisposable {
  readonly root: string
  readonly daemons: readonly Daemon[]
}

/**
 * Starts a local network: a directory made by an earlier run is started again as it is, otherwise keys, ports and a genesis
 * are made. Resolves when every node runs and is connected to all others.
 *
 * throws  Fault<CommandFacts> when a process runs there already, before anything is touched, or with the log of the daemon
 *         that is at fault; nothing is left behind then
 */
export async function startNetwork(
  options: NetworkOptions,
  io: Io,
  note: (text: string) => void,
  choosePorts: typeof freePorts = freePorts
): Promise<Network> {
  await using stack = new AsyncDisposableStack()
  const root = makeRoot(options, note, stack)
  const found = findNodes(root)
  if (found.length > 0 && found.length !== options.nodes) {
    const text = `${root} holds ${countOf(found.length, 'node')}; give --nodes ${found.length}, or another --dir`
    throw commandFault('failed', text)
  }
  refuseInUse(root, found)
  const daemons: Daemon[] = []
  stack.defer(() => stopAll(daemons, note))
  for (let attempt = 1; ; attempt++) {
    const nodes = found.length > 0 ? found : makeNodes(root, await choosePorts(options.nodes))
    for (const node of nodes) daemons.push(new Daemon(node, io))
    try {
      await untilReady(daemons, options.readyMs, io.signal)
      break
    } catch (error) {
      const isPortTaken = daemons.some(daemon => /is taken/.test(daemon.lastWords() ?? ''))
      if (found.length > 0 || !isPortTaken || attempt === attemptsMax) throw error
      note('a port was taken meanwhile, trying others')
      await stopAll(daemons, note)
      removeNodes(daemons.splice(0))
    }
  }
  const owned = stack.move()
  return { root, daemons, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function makeRoot(
  { dir, keep }: NetworkOptions,
  note: (text: string) => void,
  stack: AsyncDisposableStack
): string {
  if (dir !== undefined) {
    const root = resolve(dir)
    makePrivateDirectory(root)
    return root
  }
  const root = mkdtempSync(join(tmpdir(), 'novacron-devnet-'))
  stack.defer(() => {
    if (keep) note(`kept ${root}; start it again with --dir ${root}`)
    else rmSync(root, { recursive: true, force: true })
  })
  return root
}

/** Two networks cannot share a directory: whoever comes second leaves the first alone. */
function refuseInUse(root: string, nodes: readonly DevnetNode[]): void {
  for (const { directory } of nodes) {
    const pid = lockOwnerOf(directory)
    if (pid === undefined) continue
    const text = `${root} is in use by process ${pid} (${directory}); stop what runs there, or give another --dir`
    throw commandFault('failed', text)
  }
}

function removeNodes(nodes: readonly DevnetNode[]): void {
  for (const { directory } of nodes) rmSync(directory, { recursive: true, force: true })
}

async function stopAll(daemons: readonly Daemon[], note: (text: string) => void): Promise<void> {
  const told = await Promise.all(daemons.map(daemon => daemon.stop()))
  for (const text of told) if (text !== undefined) note(text)
}

/** Resolves when every daemon runs and is connected to all others. @throws {Fault<CommandFacts>} */
export async function untilReady(
  daemons: readonly Daemon[],
  readyMs: number,
  signal: AbortSignal
): Promise<void> {
  const deadline = performance.now() + readyMs
  for (;;) {
    if (signal.aborted) throw commandFault('interrupted', 'interrupted before the network was up')
    const dead = daemons.find(({ isRunning }) => !isRunning)
    if (dead !== undefined) throw failure(dead, dead.lastWords() ?? dead.crash ?? 'exited')
    const statuses = await Promise.all(daemons.map(ownStatusOf))
    const late = statuses.findIndex(status => !isReady(status, daemons.length))
    if (late === -1) return
    if (performance.now() > deadline) {
      const why = `is not ready after ${showMs(readyMs)} (--timeout): ${whyNot(statuses[late], daemons.length)}`
      throw failure(daemons[late] as Daemon, why)
    }
    await sleep(pollMs)
  }
}

function isReady(status: NodeStatus | undefined, nodes: number): boolean {
  return status?.state === 'running' && status.peersConnected >= nodes - 1
}

function whyNot(status: NodeStatus | undefined, nodes: number): string {
  if (status === undefined) return 'its control socket does not answer'
  const { state, peersConnected, reasons } = status
  return [`${state}, ${peersConnected} of ${nodes - 1} peers connected`, ...reasons].join('; ')
}

/** One line, and below it what the daemon wrote last. */
function failure(daemon: Daemon, why: string): Error {
  const tail = daemon.logTail()
  const log = tail === '' ? `${daemon.logPath} is empty` : `${daemon.logPath} ends with:\n${tail}`
  return commandFault('failed', `${daemon.name} ${why}\n${log}`.trimEnd())
}

/** Undefined when the node does not answer, also when another process answers in its place. */
async function ownStatusOf(daemon: Daemon): Promise<NodeStatus | undefined> {
  const status = await statusOf(daemon)
  return daemon.ownsDirectory ? status : undefined
}

/** Undefined when the node does not answer. */
export async function statusOf(daemon: Daemon): Promise<NodeStatus | undefined> {
  try {
    return await daemon.client().call('node.status', {}, AbortSignal.timeout(statusCallMs))
  } catch {
    return undefined
  }
}
