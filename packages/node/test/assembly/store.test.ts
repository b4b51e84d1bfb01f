import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { expect, test } from 'vitest'
import { openNodeLogs } from '../../src/assembly/logs.ts'
import { bindToChain, openNodeStore } from '../../src/assembly/store.ts'
import { initNode, installGenesis, loadNode } from '../../src/config/init.ts'
import type { NodeOptions } from '../../src/config/node-options.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { genesisOf } from '../config/node-parts.ts'
import { temporaryDirectory } from '../store/temporary-directory.ts'

function loaded(options: Partial<NodeOptions> = {}) {
  const directory = join(temporaryDirectory(), 'node')
  initNode(directory, { options: { name: 'observer', ...options } })
  installGenesis(directory, genesisOf(['a', 'b', 'c', 'd']))
  return loadNode(directory)
}

test('a store belongs to the chain that it was begun on', async () => {
  const store = new MemoryStore()
  const [one, other] = ['ab'.repeat(32), 'cd'.repeat(32)] as [Digest, Digest]
  await bindToChain(store, one, '/genesis.json')
  await store.settle()
  await bindToChain(store, one, '/genesis.json')
  await expect(bindToChain(store, other, '/genesis.json')).rejects.toMatchObject({
    facts: { code: 'other-chain', path: '/genesis.json', begunOn: one, chain: other }
  })
})

test('trouble of the store is logged, and told by its kind', async () => {
  const node = loaded({ limits: { ...loaded().options.limits, diskBytes: 16 * 1024 * 1024 } })
  const lines: string[] = []
  const told: string[] = []
  const log = { error: (event: string) => lines.push(event) } as unknown as Log
  const { store } = await openNodeStore(
    node,
    {
      onPersist: point => {
        if (point === 'journal-append') throw new Error('a broken disk')
      }
    },
    { log, onDiskFull: () => told.push('full'), onFailure: () => told.push('failed') }
  )
  const digest = (name: string) => name.repeat(64).slice(0, 64) as Digest
  store.batches.append(digest('a'), new Uint8Array(1_000))
  expect(() => store.batches.append(digest('b'), new Uint8Array(17 * 1024 * 1024))).toThrow(
    'disk-full'
  )
  expect(told).toEqual(['full'])
  expect(await store.retry()).toBe(true)
  store.write([{ type: 'put', table: 't', key: new Uint8Array(1), value: new Uint8Array(1) }])
  await expect(store.flush()).rejects.toThrow()
  expect(told).toEqual(['full', 'failed'])
  expect(lines).toEqual(['store-trouble', 'store-trouble'])
  await store[Symbol.asyncDispose]()
})

test('nothing that was queued behind a refused batch is on disk before it', async () => {
  const node = loaded({ limits: { ...loaded().options.limits, diskBytes: 16 * 1024 * 1024 } })
  const log = { error: () => {} } as unknown as Log
  const quiet = { log, onDiskFull: () => {}, onFailure: () => {} }
  const { store } = await openNodeStore(node, {}, quiet)
  const key = Uint8Array.of(1)
  const put = (value: number) =>
    store.write([{ type: 'put', table: 't', key, value: Uint8Array.of(value) }])
  const refused = () => {
    expect(() =>
      store.batches.append('a'.repeat(64) as Digest, new Uint8Array(17 * 1024 * 1024))
    ).toThrow()
    return false
  }
  put(1)
  await store.flush()
  // The refusal comes while one flush is under way and another waits for it.
  put(2)
  const underWay = store.flush()
  await Promise.resolve()
  await Promise.resolve()
  const waiting = store.flush()
  refused()
  put(3)
  await expect(waiting).rejects.toMatchObject({ facts: { code: 'disk-full' } })
  await underWay.catch(() => undefined)
  expect(await store.get('t', key)).not.toEqual(Uint8Array.of(3))
  expect(await store.retry(refused)).toBe(false)
  expect(await store.get('t', key)).not.toEqual(Uint8Array.of(3))
  const small = 'b'.repeat(64) as Digest
  const appended = () => {
    store.batches.append(small, new Uint8Array(10))
    return true
  }
  expect(await store.retry(appended)).toBe(true)
  await store.settle()
  expect(await store.get('t', key)).toEqual(Uint8Array.of(3))
  expect(store.batches.has(small)).toBe(true)
  await store[Symbol.asyncDispose]()
})

test('the log goes to the data directory, or to stderr', () => {
  const node = loaded({ log: { level: 'warn', destination: 'file' } })
  const file = join(node.paths.logs, 'node.log')
  {
    using logs = openNodeLogs(node)
    logs.module('node').info('not-told')
    logs.module('node').warn('told')
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map(line => JSON.parse(line).event)).toEqual(['told'])
  const other = loaded({ log: { level: 'silent', destination: 'stderr' } })
  {
    using logs = openNodeLogs(other)
    expect(logs.levelOf('node')).toBe('silent')
  }
  expect(existsSync(join(other.paths.logs, 'node.log'))).toBe(false)
})
