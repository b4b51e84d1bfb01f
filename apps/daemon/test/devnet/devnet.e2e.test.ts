import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePorts, makeNodes } from '../../src/devnet/layout.ts'
import { startNetwork } from '../../src/devnet/network.ts'
import type { Summary } from '../../src/devnet/summary.ts'
import { run } from '../../src/run.ts'
import { captureIo, sourceProgram } from '../capture-io.ts'
import { testDirectory } from '../test-directory.ts'

/** The devnet with its temporary directory in a place of its own. */
function start(argv: readonly string[], isTty = false) {
  const temporary = testDirectory()
  const end = new AbortController()
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  const io = captureIo({ env: process.env, signal: end.signal, isTty })
  const exitCode = run(['devnet', ...argv], io)
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  const novacron = async (node: string, ...line: readonly string[]) => {
    const [directory = ''] = readdirSync(temporary)
    const verb = captureIo({ env: { NOVACRON_DATA_DIR: join(temporary, directory, node) } })
    expect(await run(line, verb), verb.stderr.text).toBe(0)
    return verb.stdout.bytes
  }
  const isUp = () => expect.poll(() => io.stderr.text).toMatch(/nodes? (is|are) running in/)
  return { io, exitCode, temporary, end, novacron, isUp }
}

/** Processes whose command line names `directory`. */
function processesOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)
      } catch {
        return false
      }
    })
    .map(Number)
}

function pidOf(directory: string): number {
  return JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')).pid
}

/** In the lines that tell of progress; 0 when none does. */
function lastCommitIn(text: string): number {
  return Math.max(0, ...[...text.matchAll(/commit (\d+)/g)].map(([, index]) => Number(index)))
}

describe('a network of four processes', () => {
  test('commits all of its load, agrees, and leaves nothing behind', async () => {
    const { io, exitCode, temporary } = start(['--load', '200', '--duration', '3s', '--json'])
    expect(await exitCode, io.stderr.text).toBe(0)
    const summary = JSON.parse(io.stdout.text) as Summary
    expect(io.stdout.text).toBe(`${JSON.stringify(summary)}\n`)
    expect(summary).toMatchObject({
      nodes: 4,
      durationSeconds: 3,
      submitted: 600,
      committed: 600,
      agreement: true,
      protocol: 'bullshark-turbo'
    })
    expect(summary.heads.map(({ node }) => node)).toEqual(['node-1', 'node-2', 'node-3', 'node-4'])
    expect(summary.latencyMs.p99).toBeGreaterThanOrEqual(summary.latencyMs.p50 as number)
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })

  test('shows on one node what was given to another, byte for byte, until Ctrl-C', async () => {
    const { io, exitCode, temporary, end, novacron, isUp } = start([], true)
    await isUp()
    const file = new URL('../../package.json', import.meta.url).pathname
    const place = (await novacron('node-1', 'submit', '--file', file)).toString().trimEnd()
    await novacron('node-2', 'put', 'colour', 'blue')
    const expected = readFileSync(file)
    // Another node may execute a commit a moment later.
    await expect
      .poll(() => novacron('node-3', 'tail', '--raw').catch(() => undefined))
      .toEqual(expected)
    expect(await novacron('node-3', 'get', place)).toEqual(expected)
    await expect
      .poll(() => novacron('node-4', 'get', 'colour').then(String, () => undefined))
      .toBe('blue')
    await expect
      .poll(() => io.stderr.text)
      .toMatch(/node-4 +running +\d+ +\d+ +- +- +3 +bullshark-turbo/)
    end.abort()
    expect(await exitCode, io.stderr.text).toBe(0)
    expect(io.stdout.text).toMatch(
      /^4 nodes, bullshark-turbo, .* s\nagreement yes, \d+ commits compared\n/
    )
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })

  test('goes on when one of them is killed, tells of it, and loses nothing', async () => {
    const { io, exitCode, temporary, end, isUp } = start(['--load', '100', '--json'])
    await isUp()
    await expect.poll(() => io.stderr.text).toMatch(/[1-9]\d* of \d+ committed/)
    const [root = ''] = readdirSync(temporary)
    process.kill(pidOf(join(temporary, root, 'node-2')), 'SIGKILL')
    await expect
      .poll(() => io.stderr.text)
      .toMatch(/load: lost .*node-2.*, going on through another node/)
    end.abort()
    expect(await exitCode).toBe(1)
    const summary = JSON.parse(io.stdout.text) as Summary
    expect(summary).toMatchObject({ committed: summary.submitted, agreement: false })
    expect(summary.crashed).toEqual(['node-2'])
    expect(io.stderr.text).toContain('novacron: node-2 was killed by SIGKILL\n')
    expect(io.stderr.text).toMatch(
      /failed: node-2 ended without having been told to; not all .*\n$/
    )
    expect(io.stderr.text).toContain('no agreement: node-2 does not answer')
    expect(summary.heads.map(({ node }) => node)).toEqual(['node-1', 'node-3', 'node-4'])
    expect(readdirSync(temporary)).toEqual([])
  })

  test('goes on where it was when its directory is kept', async () => {
    const root = join(testDirectory(), 'net')
    const argv = ['--nodes', '2', '--dir', root, '--json']
    const headOfRun = async (above: number) => {
      const { io, end, exitCode } = start(argv)
      await expect.poll(() => lastCommitIn(io.stderr.text)).toBeGreaterThan(above)
      end.abort()
      expect(await exitCode, io.stderr.text).toBe(0)
      return (JSON.parse(io.stdout.text) as Summary).heads[0]?.index ?? 0
    }
    const before = await headOfRun(0)
    expect(await headOfRun(before)).toBeGreaterThan(before)
    const third = start(['--nodes', '3', '--dir', root])
    expect(await third.exitCode).toBe(1)
    expect(third.io.stderr.text).toBe(
      `novacron: ${root} holds 2 nodes; give --nodes 2, or another --dir\n`
    )
  })
})

test('ends by itself when all of its daemons are gone, and says so', async () => {
  const { io, exitCode, temporary, isUp } = start(['--nodes', '2', '--json'])
  await isUp()
  const [root = ''] = readdirSync(temporary)
  for (const node of ['node-1', 'node-2']) {
    process.kill(pidOf(join(temporary, root, node)), 'SIGKILL')
  }
  expect(await exitCode).toBe(1)
  const summary = JSON.parse(io.stdout.text) as Summary
  expect(summary).toMatchObject({ agreement: false, heads: [], crashed: ['node-1', 'node-2'] })
  expect(io.stderr.text).toContain(
    'novacron: failed: node-1, node-2 ended without having been told to'
  )
})

test('a directory in which a network runs is left alone by a second one', async () => {
  const root = testDirectory()
  const first = start(['--nodes', '1', '--dir', root])
  await first.isUp()
  const pid = pidOf(join(root, 'node-1'))
  const second = start(['--nodes', '1', '--dir', root, '--json'])
  expect(await second.exitCode).toBe(1)
  expect(second.io.stdout.text).toBe('')
  expect(second.io.stderr.text).toBe(
    `novacron: ${root} is in use by process ${pid} (${root}/node-1); stop what runs there, or give another --dir\n`
  )
  expect(pidOf(join(root, 'node-1'))).toBe(pid)
  expect(first.io.stderr.text).not.toContain('node-1 exited')
  first.end.abort()
  expect(await first.exitCode, first.io.stderr.text).toBe(0)
})

test('a temporary directory is kept when asked to', async () => {
  const { io, exitCode, temporary, end } = start(['--nodes', '1', '--keep'])
  await expect.poll(() => lastCommitIn(io.stderr.text)).toBeGreaterThan(0)
  end.abort()
  expect(await exitCode, io.stderr.text).toBe(0)
  const [root = ''] = readdirSync(temporary)
  expect(io.stderr.text).toContain(`kept ${join(temporary, root)}; start it again with --dir`)
  expect(existsSync(join(temporary, root, 'node-1', 'config.json'))).toBe(true)
})

describe('a network that cannot be started', () => {
  test('is told with the reason and the log of the daemon at fault, and all others are stopped', async () => {
    const root = testDirectory()
    const [, second] = makeNodes(root, await freePorts(2))
    const key = join(second?.directory ?? '', 'keys', 'peer.key')
    chmodSync(key, 0o644)
    const { io, exitCode } = start(['--nodes', '2', '--dir', root, '--json'])
    expect(await exitCode).toBe(1)
    expect(io.stdout.text).toBe('')
    const [line, tail] = io.stderr.text.split('\n')
    expect(line).toBe(
      `novacron: node-2 ${key} has mode 0644, allowed is 0600; run: chmod 0600 ${key}`
    )
    expect(tail).toBe(`${second?.directory}/logs/daemon.log ends with:`)
    expect(processesOf(root)).toEqual([])
  })

  test('is given up when Ctrl-C comes first', async () => {
    const { io, exitCode, temporary, end } = start([])
    end.abort()
    expect(await exitCode).toBe(1)
    expect(io.stderr.text).toBe('novacron: interrupted before the network was up\n')
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })

  test('is given up when it is not ready in time, with what is missing', async () => {
    const root = testDirectory()
    makeNodes(root, await freePorts(2))
    // It looks like one that hangs: alive, and deaf.
    const main = join(root, 'main.cjs')
    writeFileSync(
      main,
      'console.log("hanging"); process.stdin.on("end", () => process.exit()).resume()'
    )
    const io = captureIo({ program: { ...sourceProgram, main } })
    const options = { nodes: 2, dir: root, keep: false, readyMs: 300 }
    await expect(startNetwork(options, io, () => {})).rejects.toThrow(
      /node-1 is not ready after 300 ms \(--timeout\): its control socket does not answer/
    )
  })

  test('for a port that was taken meanwhile is started on others', async () => {
    const taken = createServer().listen({ host: '127.0.0.1', port: 0 })
    await new Promise(resolve => taken.once('listening', resolve))
    onTestFinished(() => void taken.close())
    const address = taken.address() as { port: number }
    const notes: string[] = []
    const choices = [[address.port], await freePorts(1)]
    const io = captureIo({ env: process.env })
    const options = { nodes: 1, dir: testDirectory(), keep: false, readyMs: 40_000 }
    const choose = async () => choices.shift() ?? []
    await using network = await startNetwork(options, io, note => notes.push(note), choose)
    expect(notes).toEqual(['a port was taken meanwhile, trying others'])
    expect(choices).toEqual([])
    expect(network.daemons[0]?.isRunning).toBe(true)
  })
})

test('daemons end with a devnet that is killed', async () => {
  const root = testDirectory()
  const { execPath, flags, main } = sourceProgram
  const argv = [...flags, main, 'devnet', '--nodes', '2', '--dir', root]
  const devnet = spawn(execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  devnet.stderr.on('data', chunk => {
    said += chunk
  })
  await expect.poll(() => said).toContain('2 nodes are running')
  expect(processesOf(join(root, 'node-'))).toHaveLength(2)
  devnet.kill('SIGKILL')
  await expect.poll(() => processesOf(join(root, 'node-'))).toEqual([])
})
