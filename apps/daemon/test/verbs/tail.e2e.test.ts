import { describe, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { type CaptureOptions, captureIo } from '../capture-io.ts'
import { serveFakeNode } from '../fake-node.ts'

async function setUp() {
  const served = await serveFakeNode()
  const start = (argv: readonly string[], options: CaptureOptions = {}) => {
    const io = captureIo({ env: { NOVACRON_DATA_DIR: served.directory }, ...options })
    return { io, exitCode: run(['tail', ...argv], io) }
  }
  const tail = async (...argv: readonly string[]) => {
    const { io, exitCode } = start(argv)
    expect(await exitCode).toBe(0)
    return io.stdout.text
  }
  return { ...served, start, tail }
}

const binary = Uint8Array.from([0, 255])

describe('entries', () => {
  test('are text as it is, one line at least each, or base64 with its name', async () => {
    const { node, tail } = await setUp()
    node.commit('one', 'two\n', binary, 'three\nfour')
    expect(await tail('--from', '1')).toBe('one\ntwo\nbase64:AP8=\nthree\nfour\n')
    expect(await tail('--from', '1', '-p')).toBe(
      '@1.0\tone\n@1.1\ttwo\n@1.2\tbase64:AP8=\n@1.3\tthree\nfour\n'
    )
  })

  test('are bytes alone when raw, so that a file comes back byte for byte', async () => {
    const { node, start } = await setUp()
    node.commit(binary, 'x', binary)
    const { io, exitCode } = start(['--raw'])
    await exitCode
    expect([...io.stdout.bytes]).toEqual([0, 255, 120, 0, 255])
  })

  test('are lines of JSON', async () => {
    const { node, tail } = await setUp()
    node.commit('one')
    expect(JSON.parse(await tail('--json'))).toMatchObject({
      index: 1,
      payload: 'b25l',
      applied: true
    })
  })

  test('of other applications, and those that did nothing, are left out unless asked for', async () => {
    const { node, tail } = await setUp()
    node.commit('one')
    node.append(1, 'put', 'kv', true)
    node.append(2, 'again', 'log', false)
    expect(await tail('--from', '1')).toBe('one\n')
    expect(await tail('--from', '1', '--all')).toBe('one\nput\nagain\n')
  })
})

describe('the place to begin', () => {
  test('with a count gives the first entries from there on', async () => {
    const { node, start, tail } = await setUp()
    node.commit('a', 'b')
    node.append(2, 'other', 'kv', true)
    for (let i = 0; i < 600; i++) node.commit(`${i}`)
    expect(await tail('--from', '1', '-n', '1')).toBe('a\n')
    expect(await tail('--from', '1', '-n', '3')).toBe('a\nb\n0\n')
    expect(await tail('--from', '1', '-n', '0')).toBe('')
    expect((await tail('--from', '2', '-n', '550')).trimEnd().split('\n')).toHaveLength(550)
    const all = start(['--from', '1', '-n', '1', '--follow'])
    expect(await all.exitCode).toBe(2)
  })

  test('is the last ten entries, or as many as asked for, however far back they are', async () => {
    const { node, tail } = await setUp()
    for (let i = 1; i <= 15; i++) node.commit(`e${i}`)
    node.executedIndex += 500
    expect((await tail()).split('\n').slice(0, -1)).toHaveLength(10)
    expect(await tail('-n', '2')).toBe('e14\ne15\n')
    expect((await tail('--lines', '99')).split('\n')).toHaveLength(16)
    expect(await tail('-n', '0')).toBe('')
  })

  test('never lies below what the node still has', async () => {
    const { node, tail } = await setUp()
    for (let i = 1; i <= 5; i++) node.commit(`e${i}`)
    node.lowest = 4
    expect(await tail()).toBe('e4\ne5\n')
  })

  test('an empty log has no entries', async () => {
    const { tail } = await setUp()
    expect(await tail()).toBe('')
  })

  test('--from gives all pages', async () => {
    const { node, tail } = await setUp()
    for (let i = 1; i <= 1_201; i++) node.commit(`e${i}`)
    const lines = (await tail('--from', '2')).split('\n')
    expect([lines.length, lines[0], lines[1_199]]).toEqual([1_201, 'e2', 'e1201'])
  })

  test('below what is kept the node says so', async () => {
    const { node, start } = await setUp()
    node.commit('x')
    node.lowest = 2
    const { io, exitCode } = start(['--from', '1'])
    expect(await exitCode).toBe(1)
    expect(io.stderr.text).toContain('lowest 2')
  })
})

describe('--follow', () => {
  test('goes on with what is committed, until Ctrl-C, each entry once', async () => {
    const { node, start } = await setUp()
    node.commit('one')
    const end = new AbortController()
    const { io, exitCode } = start(['--follow', '--from', '1'], { signal: end.signal })
    await expect.poll(() => node.listenerCount).toBe(1)
    node.commit('two')
    node.commit('three')
    await expect.poll(() => io.stdout.text).toBe('one\ntwo\nthree\n')
    end.abort()
    expect(await exitCode).toBe(0)
    await expect.poll(() => node.listenerCount).toBe(0)
  })

  test('ends with the reason when the node stops', async () => {
    const { node, server, start } = await setUp()
    const { io, exitCode } = start(['-f'])
    await expect.poll(() => node.listenerCount).toBe(1)
    await server[Symbol.asyncDispose]()
    expect(await exitCode).toBe(1)
    expect(io.stderr.text).toBe('novacron: the node ended the subscription: the node is stopping\n')
  })

  test('is over before it begins when Ctrl-C came first', async () => {
    const { start } = await setUp()
    const { exitCode } = start(['-f', '--from', '1'], { signal: AbortSignal.abort() })
    expect(await exitCode).toBe(0)
  })

  test('a refused subscription is told', async () => {
    const { node, start } = await setUp()
    node.commit('x')
    const read = node.logRange.bind(node)
    let reads = 0
    node.logRange = async range => {
      reads += 1
      if (reads === 3) node.lowest = 9
      return read(range)
    }
    const { io, exitCode } = start(['-f', '--from', '1'])
    expect(await exitCode).toBe(1)
    expect(io.stderr.text).toContain('pruned')
  })
})
