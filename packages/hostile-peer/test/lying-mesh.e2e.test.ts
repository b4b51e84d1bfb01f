import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildGenesis,
  initNode,
  installGenesis,
  loadNode,
  type RunningNode,
  startNode,
  valueOrThrow
} from '@novacron/node'
import { expect, test } from 'vitest'
import { lyingMesh, type Misdeed } from '../src/index.ts'

const never = new AbortController().signal

/** All different, since all are held at once. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Data directories of four members that know each other. */
async function fourMembers(root: string): Promise<readonly string[]> {
  const directories = [0, 1, 2, 3].map(place => join(root, `n${place}`))
  const parts = []
  const ports = await freePorts(directories.length)
  for (const [place, directory] of directories.entries()) {
    const listen = [`/ip4/127.0.0.1/tcp/${ports[place]}`]
    const discovery = { bootstrap: [], mdns: false }
    const log = { level: 'fatal', destination: 'stderr' } as const
    const options = { name: `n${place}`, listen, discovery, log }
    parts.push(initNode(directory, { options, addresses: listen }).part)
  }
  const request = { chainName: 'test', createdAt: new Date().toISOString(), cluster: {} }
  const genesis = valueOrThrow(buildGenesis(parts, request), root)
  for (const directory of directories) installGenesis(directory, genesis)
  return directories
}

// Apart, since whoever makes noise may be thrown out before it has told a lie.
test.each<{ name: string; misdeeds: readonly Misdeed[] }>([
  { name: 'lies', misdeeds: ['delay', 'replay', 'censor'] },
  { name: 'noise', misdeeds: ['nonsense', 'largest'] }
])(
  'three real nodes commit among $name, which begin when they are told to',
  async ({ misdeeds }) => {
    await using stack = new AsyncDisposableStack()
    const root = mkdtempSync(join(tmpdir(), 'novacron-hostile-'))
    stack.defer(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
    const [hostile = '', ...honest] = await fourMembers(root)
    const told = new Set<Misdeed>()
    let isLying = false
    const mesh = lyingMesh(loadNode(hostile), misdeeds, {
      seed: 1,
      isLying: () => isLying,
      onLie: name => told.add(name)
    })
    const nodes: RunningNode[] = []
    for (const directory of honest) nodes.push(stack.use(await startNode(directory, {}, never)))
    stack.use(await startNode(hostile, { mesh }, never))
    const heights = () => nodes.map(({ control }) => control.status().committedIndex)
    await expect.poll(() => Math.min(...heights())).toBeGreaterThan(3)
    expect([...told]).toEqual([])
    isLying = true
    await expect.poll(() => [...told].sort()).toEqual([...misdeeds].sort())
    const before = Math.max(...heights())
    await expect.poll(() => Math.min(...heights())).toBeGreaterThan(before + 3)
  }
)
