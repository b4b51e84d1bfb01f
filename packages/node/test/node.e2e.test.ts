import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { buildGenesis } from '../src/config/genesis.ts'
import { initNode, installGenesis } from '../src/config/init.ts'
import { type RunningNode, startNode } from '../src/node.ts'

const directories: string[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function makeDirectories(count: number): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'nc-'))
  directories.push(root)
  const made = []
  for (let i = 1; i <= count; i++) {
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const directory = join(root, `node-${i}`)
    const options = { name: `node-${i}`, listen: [address], log: { level: 'warn', destination: 'stderr' } } as const
    made.push({ directory, part: initNode(directory, { options, addresses: [address] }).part })
  }
  const genesis = buildGenesis(made.map(m => m.part), { chainName: 'test', createdAt: '2026-01-01T00:00:00.000Z' })
  if (genesis.type !== 'ok') throw new Error(JSON.stringify(genesis))
  for (const { directory } of made) installGenesis(directory, genesis.value)
  return made.map(m => m.directory)
}

test('four nodes agree on what clients put', async () => {
  const made = await makeDirectories(4)
  const signal = AbortSignal.timeout(60_000)
  await using stack = new AsyncDisposableStack()
  const nodes: RunningNode[] = []
  for (const directory of made) nodes.push(stack.use(await startNode(directory, {}, signal)))
  const [first, , third] = nodes as [RunningNode, RunningNode, RunningNode, RunningNode]
  const t0 = performance.now()
  const bytes = (text: string) => new TextEncoder().encode(text)
  const receipt = await first.control.submit(
    { application: 'kv', operation: { type: 'put', key: bytes('a'), value: bytes('1') }, wait: 'committed', timeoutMs: 20_000 },
    signal
  )
  expect(receipt.code).toBe('ok')
  console.log('first put ms', performance.now() - t0, receipt)
  const times = []
  for (let i = 0; i < 50; i++) {
    const t = performance.now()
    await first.control.submit(
      { application: 'kv', operation: { type: 'put', key: bytes('k' + i), value: bytes('v' + i) }, wait: 'committed', timeoutMs: 20_000 },
      signal
    )
    times.push(performance.now() - t)
  }
  times.sort((a, b) => a - b)
  console.log('p50', times[25], 'max', times[49], first.control.status())
  await expect.poll(async () => (await third.control.kvGet(bytes('k49'))).value, { timeout: 5000 }).toEqual(bytes('v49'))
  const page = await third.control.logRange({ from: { index: 1, ordinal: 0 }, limit: 100 })
  expect(page.entries.length).toBe(52)
}, 90_000)
