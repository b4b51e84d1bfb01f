import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { ascii, fromHex } from '@novacron/base'
import { logApplication } from '@novacron/execution'
import { expect, onTestFinished, test } from 'vitest'
import { ControlClient } from '../../src/api/client.ts'
import { createJwt } from '../../src/api/jwt.ts'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import { installGenesis } from '../../src/config/init.ts'
import { findControlSocket } from '../../src/config/socket-place.ts'
import type { Acknowledgement } from '../../src/ingest/acknowledgement.ts'
import { connectIngest } from '../../src/ingest/client.ts'
import { startNode } from '../../src/node.ts'
import { executed, logOf } from './agreement.ts'
import { TestCluster } from './cluster.ts'

/** As `curl --unix-socket` does it. */
function post(socketPath: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const posted = request({ socketPath, path: '/rpc', method: 'POST' }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', part => {
        text += part
      })
      response.once('end', () => resolve(JSON.parse(text)))
    })
    posted.once('error', reject)
    posted.setHeader('content-type', 'application/json')
    posted.end(body)
  })
}

const call = (method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })

test('a node answers on its control socket, takes what is wrong with an error, and stops when asked', async () => {
  await using cluster = await TestCluster.make()
  await cluster.startAll()
  const path = findControlSocket(cluster.directory(1))
  const { name } = cluster.node(1)
  expect(await post(path, call('node.status'))).toMatchObject({
    id: 7,
    result: { name, role: 'member', chainName: 'test', sockets: { control: path } }
  })
  const { result } = (await post(path, call('rpc.discover'))) as {
    result: { methods: { name: string }[] }
  }
  expect(result.methods.map(method => method.name)).toEqual(
    expect.arrayContaining(['node.status', 'consensus.dag', 'tx.submit', 'log.range', 'kv.get'])
  )
  expect(await post(path, '{')).toMatchObject({ error: { code: -32_700 } })
  expect(await post(path, call('node.statuss'))).toMatchObject({ error: { code: -32_601 } })
  const client = new ControlClient({ socketPath: path })
  const put = { type: 'put', key: { utf8: 'k' }, value: { utf8: 'v' } } as const
  const receipt = await client.call('tx.submit', {
    application: 'kv',
    payload: put,
    wait: 'committed'
  })
  expect(receipt).toMatchObject({ state: 'committed', code: 'ok', sequence: 1 })
  const { round } = await client.call('node.status', {})
  const dag = await client.call('consensus.dag', { fromRound: 2, toRound: round })
  expect(dag.rounds[0]).toMatchObject({ round: 2, anchor: { state: 'committed' } })
  const entered = Promise.withResolvers<number>()
  // The first may be told again: its anchor was not decided.
  const subscription = await client.subscribe('consensus.rounds', {}, value => {
    if (value.round >= round) entered.resolve(value.round)
  })
  await entered.promise
  subscription.close()
  await client.call('log.setLevel', { level: 'debug' })
  const { control } = cluster.node(1)
  await executed(control, control.status().executedIndex + 1)
  const { sockets } = await client.call('node.status', {})
  const ready = await fetch(`${sockets.health}/readyz`)
  expect(ready.status).toBe(200)
  const metrics = await (await fetch(`${sockets.health}/metrics`)).text()
  expect(metrics).toMatch(/novacron_\w+ \d+/)
  expect(await client.call('node.stop', {})).toEqual({ stopping: true })
  expect(await cluster.node(1).stopped).toEqual({ type: 'asked' })
  await cluster.stop(1)
  await expect(client.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'not-running' }
  })
  expect(readdirSync(cluster.directory(1)).filter(file => /sock|lock/.test(file))).toEqual([])
  expect(cluster.logOf(1).some(line => line.event === 'commit-executed')).toBe(true)
})

test('2,000 transactions on the ingest socket are acknowledged in ranges, each once', async () => {
  await using cluster = await TestCluster.make()
  await cluster.startAll()
  const { control } = cluster.node(2)
  const { session } = await control.openSession(
    { wait: 'committed', timeoutMs: 20_000 },
    new AbortController().signal
  )
  const records: Acknowledgement[] = []
  const count = 2_000
  const done = Promise.withResolvers<void>()
  let committed = 0
  const client = await connectIngest(
    { socketPath: control.status().sockets.ingest ?? '', session },
    {
      onAcknowledged: fates => {
        records.push(...fates)
        for (const { type, first, last } of fates) {
          if (type === 'committed') committed += last + 1 - first
        }
        if (committed >= count) done.resolve()
      },
      onClosed: facts => done.reject(new Error(facts.reason))
    }
  )
  for (let i = 1; i <= count; i++) {
    expect(client.send(logApplication, ascii(`transaction ${i}`))).toBe(i)
    // A session takes 1,024 sequences ahead of what has run.
    if (i % 500 === 0) client.flush()
  }
  await done.promise
  client.destroy()
  const told = records.filter(record => record.type === 'committed')
  expect(told.every(({ code, index }) => code === 0 && index > 0)).toBe(true)
  const sequences = told.flatMap(({ first, last }) =>
    Array.from({ length: last + 1 - first }, (_, i) => first + i)
  )
  expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  expect(records.length).toBeLessThan(count / 4)
  const last = Math.max(...told.map(({ index }) => index))
  const third = cluster.node(3).control
  await executed(third, last)
  const entries = (await logOf(third, last)).filter(entry => entry.session === session)
  expect(entries.map(entry => Buffer.from(entry.payload).toString())).toEqual(
    Array.from({ length: count }, (_, i) => `transaction ${i + 1}`)
  )
  expect(entries.every(entry => entry.applied)).toBe(true)
})

test('a node serves TCP with a token when it is asked to, and no metrics when it is not', async () => {
  await using cluster = await TestCluster.make()
  const secret = '07'.repeat(32)
  const jwtSecretFile = join(cluster.root, 'jwt.hex')
  writeFileSync(jwtSecretFile, secret, { mode: 0o600 })
  await cluster.addObserver('observer-1', {
    api: { socketDirectory: null, tcp: { host: '127.0.0.1', port: 0, jwtSecretFile } },
    metrics: { host: '127.0.0.1', port: null }
  })
  const { sockets } = (await cluster.start('observer-1')).status()
  expect(sockets.health).toBeUndefined()
  const authorization = `Bearer ${createJwt(fromHex(secret), Date.now() / 1000)}`
  const headers = { authorization, 'content-type': 'application/json' }
  const url = `${sockets.controlTcp}/rpc`
  const answer = await fetch(url, { method: 'POST', headers, body: call('node.status') })
  expect(await answer.json()).toMatchObject({ result: { role: 'observer', state: 'running' } })
  const refused = await fetch(url, { method: 'POST', body: call('node.status') })
  expect(refused.status).toBe(401)
  await refused.text()
  chmodSync(jwtSecretFile, 0o644)
  await cluster.stop('observer-1')
  await expect(cluster.start('observer-1')).rejects.toMatchObject({
    facts: { code: 'secret-mode' }
  })
  chmodSync(jwtSecretFile, 0o600)
  // The failed start has released everything: the directory can be used again.
  await cluster.start('observer-1')
})

test('what stands in the way of a start is named', async () => {
  await using cluster = await TestCluster.make()
  await cluster.start(1)
  await expect(cluster.start(1)).rejects.toMatchObject({ facts: { code: 'directory-in-use' } })
  const aborted = startNode(cluster.directory(2), {}, AbortSignal.abort(new Error('no longer')))
  await expect(aborted).rejects.toThrow('no longer')
  const other = await TestCluster.make({ members: 1 })
  onTestFinished(() => other[Symbol.asyncDispose]())
  await cluster.start(2)
  await cluster.stop(2)
  const { genesis } = dataPathsOf(cluster.directory(2))
  rmSync(genesis)
  installGenesis(cluster.directory(2), other.genesis)
  await expect(cluster.start(2)).rejects.toMatchObject({ facts: { code: 'other-chain' } })
})
