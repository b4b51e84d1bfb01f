import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buildGenesis, dataPathsOf, readNodePart, valueOrThrow } from '@novacron/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { daemonFlags } from '../../src/daemon-flags.ts'
import { freePorts, makeNodes } from '../../src/devnet/layout.ts'
import { run } from '../../src/run.ts'
import { captureIo, sourceProgram } from '../capture-io.ts'
import { testDirectory } from '../test-directory.ts'

/** The data directory of a network of one, which logs into a file. */
async function makeNode() {
  const [port = 0] = await freePorts(1)
  const [node] = makeNodes(testDirectory(), [port])
  const directory = node?.directory ?? ''
  const { config } = dataPathsOf(directory)
  const options = JSON.parse(readFileSync(config, 'utf8'))
  writeFileSync(config, JSON.stringify({ ...options, log: { destination: 'file' } }))
  return { directory, port }
}

function start(directory: string, { flags = daemonFlags, argv = [] as string[] } = {}) {
  const end = new AbortController()
  onTestFinished(() => end.abort())
  const stdin = new PassThrough()
  const program = { ...sourceProgram, flags }
  const io = captureIo({
    signal: end.signal,
    stdin,
    program,
    env: { NOVACRON_DATA_DIR: directory }
  })
  const exitCode = run(['start', '--json', ...argv], io)
  const isUp = () => expect.poll(() => io.stdout.text).not.toBe('')
  return { io, exitCode, end, stdin, isUp }
}

async function novacron(directory: string, ...argv: readonly string[]) {
  const io = captureIo()
  const exitCode = await run([...argv, '--data-dir', directory], io)
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}

describe('a daemon', () => {
  test('answers until it is stopped through its socket', async () => {
    const { directory } = await makeNode()
    const { io, exitCode, isUp } = start(directory)
    await isUp()
    expect(JSON.parse(io.stdout.text)).toEqual({ started: 'node-1', directory })
    await expect.poll(() => novacron(directory, 'status')).toMatchObject({ exitCode: 0 })
    expect(await novacron(directory, 'stop')).toMatchObject({
      exitCode: 0,
      out: 'node-1 stopped\n'
    })
    expect(await exitCode).toBe(0)
    expect(io.stderr.text).toBe('')
    expect(await novacron(directory, 'status')).toMatchObject({ exitCode: 3 })
  })

  test('stops at a signal, and keeps what it held', async () => {
    const { directory } = await makeNode()
    const first = start(directory)
    await first.isUp()
    await expect
      .poll(() => novacron(directory, 'put', 'colour', 'blue'))
      .toMatchObject({ exitCode: 0 })
    first.end.abort()
    expect(await first.exitCode).toBe(0)
    const second = start(directory)
    await second.isUp()
    await expect.poll(() => novacron(directory, 'get', 'colour')).toMatchObject({ out: 'blue' })
    second.end.abort()
    expect(await second.exitCode).toBe(0)
  })

  test('that is tied stops when standard input ends', async () => {
    const { directory } = await makeNode()
    const { exitCode, stdin, isUp } = start(directory, { argv: ['--tied'] })
    await isUp()
    stdin.end()
    expect(await exitCode).toBe(0)
  })

  test('that is not wanted any more does not start', async () => {
    const { directory } = await makeNode()
    const { io, exitCode, end } = start(directory)
    end.abort()
    expect(await exitCode).toBe(0)
    expect(io.stdout.text).toBe('')
  })

  test('without a flag of V8 says how to get it', async () => {
    const { directory } = await makeNode()
    const { io, exitCode, isUp, end } = start(directory, { flags: daemonFlags.slice(1) })
    await isUp()
    expect(io.stderr.text).toMatch(
      /^novacron: runs without the V8 flags --initial-old-space-size=160, .*\n$/
    )
    end.abort()
    await exitCode
  })
})

describe('a daemon that cannot start says why in one line, exit code 1', () => {
  const failure = async (directory: string) => {
    const { io, exitCode } = start(directory)
    expect(await exitCode).toBe(1)
    expect(io.stdout.text).toBe('')
    const lines = io.stderr.text.trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    return lines[0]
  }

  test('a port that is taken', async () => {
    const { directory, port } = await makeNode()
    const taken = createServer().listen({ host: '127.0.0.1', port })
    await new Promise(resolve => taken.once('listening', resolve))
    onTestFinished(() => void taken.close())
    expect(await failure(directory)).toBe(
      `novacron: /ip4/127.0.0.1/tcp/${port} is taken by another process; stop it, or change listen in config.json`
    )
  })

  test('a directory in use', async () => {
    const { directory } = await makeNode()
    const { exitCode, end, isUp } = start(directory)
    await isUp()
    expect(await failure(directory)).toBe(
      `novacron: ${directory} is in use by process ${process.pid}; stop it: novacron stop --data-dir ${directory}, or choose another directory`
    )
    end.abort()
    expect(await exitCode).toBe(0)
  })

  test('a key that others may read', async () => {
    const { directory } = await makeNode()
    const key = join(directory, 'keys', 'vrf.key')
    chmodSync(key, 0o640)
    expect(await failure(directory)).toBe(
      `novacron: ${key} has mode 0640, allowed is 0600; run: chmod 0600 ${key}`
    )
  })

  test('no data directory', async () => {
    const directory = join(testDirectory(), 'none')
    expect(await failure(directory)).toBe(`novacron: ${directory} is missing; run: novacron init`)
  })

  test('a wrong value in the configuration', async () => {
    const { directory } = await makeNode()
    const { config } = dataPathsOf(directory)
    writeFileSync(config, '{"name":"node-1","lissten":[]}')
    expect(await failure(directory)).toMatch(/lissten is an unknown key, .*did you mean listen\?$/)
  })

  test('a genesis with a forged proof', async () => {
    const { directory } = await makeNode()
    const { genesis } = dataPathsOf(directory)
    const proof = /(?<="vrf": ")[0-9a-f]/
    const forge = (digit: string) => (digit === '0' ? '1' : '0')
    writeFileSync(genesis, readFileSync(genesis, 'utf8').replace(proof, forge))
    expect(await failure(directory)).toContain('genesis.json is not valid: members.0.proofs.vrf is')
  })

  test('the genesis of another chain than the one that was begun', async () => {
    const { directory } = await makeNode()
    const { exitCode, end, isUp } = start(directory)
    await isUp()
    end.abort()
    await exitCode
    const { genesis, nodePart } = dataPathsOf(directory)
    const request = { chainName: 'other', createdAt: '2026-01-31T12:00:00.000Z' }
    const other = valueOrThrow(buildGenesis([readNodePart(nodePart)], request), genesis)
    writeFileSync(genesis, JSON.stringify(other))
    expect(await failure(directory)).toMatch(/chain/)
  })
})
