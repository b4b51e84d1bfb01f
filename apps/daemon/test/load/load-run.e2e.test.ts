import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { runLoad } from '../../src/load/load-run.ts'
import type { LoadMessage } from '../../src/load/messages.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'
import { FakeNode, serveFakeNode } from '../fake-node.ts'
import { serveFakeSink } from '../fake-sink.ts'

/** Nodes with both sockets. */
async function serveNodes(count: number) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { node, directory } = await serveFakeNode()
      node.ingest = join(directory, 'ingest.sock')
      const { sink, server } = await serveFakeSink(node.ingest)
      return { control: join(directory, 'control.sock'), sink, server }
    })
  )
}

const never = new AbortController().signal
const options = { ratePerSecond: 1_000, transactionBytes: 100, drainMs: 60_000 }

test('every transaction is submitted once, spread evenly, and acknowledged', async () => {
  const nodes = await serveNodes(4)
  const controls = nodes.map(({ control }) => control)
  const messages: LoadMessage[] = []
  const result = await runLoad(
    { ...options, controls, durationMs: 1_300 },
    m => messages.push(m),
    never
  )
  expect(result).toMatchObject({ durationSeconds: 1.3, submitted: 1_300, committed: 1_300 })
  const expected = Array.from({ length: 325 }, (_, i) => i + 1)
  for (const { sink } of nodes) expect(sink.sequences).toEqual(expected)
  expect(result.latencyMs.p99).toBeGreaterThanOrEqual(result.latencyMs.p50 as number)
  const [started, ...rest] = messages.map(({ type }) => type)
  expect(started).toBe('started')
  expect(new Set(rest)).toEqual(new Set(['progress']))
  expect(messages[1]).toMatchObject({ lanes: [{}, {}, {}, {}] })
})

test('a traced load tells of every acknowledgement, and of the sessions that they are for', async () => {
  const nodes = await serveNodes(2)
  const controls = nodes.map(({ control }) => control)
  const messages: LoadMessage[] = []
  const traced = { ...options, controls, durationMs: 200, isTraced: true }
  const result = await runLoad(traced, m => messages.push(m), never)
  expect(messages[0]).toMatchObject({
    type: 'started',
    sessions: [{}, {}].map(() => expect.any(String))
  })
  const told = [0, 0]
  for (const message of messages) {
    if (message.type !== 'acknowledged') continue
    expect(message.first).toBe((told[message.lane] ?? Number.NaN) + 1)
    told[message.lane] = message.last
    expect(message.atMs).toBeGreaterThan(0)
  }
  expect(told).toEqual([100, 100])
  expect(result.committed).toBe(200)
})

test('what is never acknowledged makes the latency endless, and the wait for it ends', async () => {
  const [node] = await serveNodes(1)
  const { sink, control } = node as NonNullable<typeof node>
  sink.isHolding = true
  const durationMs = 100
  const result = await runLoad(
    { ...options, controls: [control], durationMs, drainMs: 1_200 },
    () => {},
    never
  )
  expect(result).toMatchObject({
    submitted: 100,
    committed: 0,
    transactionsPerSecond: 0,
    latencyMs: { p50: null, p99: null }
  })
})

test('a busy node gets the same transactions again, and all are committed', async () => {
  const [node] = await serveNodes(1)
  const { sink, control } = node as NonNullable<typeof node>
  sink.refusals = 3
  const result = await runLoad(
    { ...options, controls: [control], durationMs: 300 },
    () => {},
    never
  )
  expect(result).toMatchObject({ submitted: 300, committed: 300 })
})

test('when a node dies its transactions go through the others', async () => {
  const [first, second] = await serveNodes(2)
  const controls = [first?.control ?? '', second?.control ?? '']
  const notes: string[] = []
  const result = await runLoad(
    { ...options, controls, durationMs: 2_500 },
    message => {
      if (message.type === 'started') setTimeout(() => first?.server[Symbol.asyncDispose](), 300)
      if (message.type === 'note') notes.push(message.note)
    },
    never
  )
  expect(result).toMatchObject({ submitted: 2_500, committed: 2_500 })
  expect(notes).toHaveLength(1)
  expect(notes[0]).toMatch(/^lost .*ingest\.sock, going on through another node$/)
})

test('a node without an ingest socket takes no load', async () => {
  const { directory } = await serveFakeNode(new FakeNode())
  const controls = [join(directory, 'control.sock')]
  await expect(runLoad({ ...options, controls }, () => {}, never)).rejects.toMatchObject({
    facts: { code: 'failed', message: 'node-1 has no ingest socket, so it takes no load' }
  })
})

test('the verb writes JSON lines, and ends early when standard input does', async () => {
  const [node] = await serveNodes(1)
  const stdin = new PassThrough()
  const io = captureIo({ stdin })
  const argv = ['load', '--control', node?.control ?? '', '--rate', '500', '--bytes', '10']
  const ended = run(argv, io)
  await expect.poll(() => io.stdout.text).toContain('"type":"progress"')
  stdin.end()
  expect(await ended).toBe(0)
  const lines = io.stdout.text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as LoadMessage)
  expect(lines[0]).toEqual({
    type: 'started',
    sessions: [expect.any(String)],
    at: expect.any(Number)
  })
  const last = lines.at(-1) as LoadMessage & { type: 'finished' }
  expect(last.type).toBe('finished')
  expect(last.committed).toBe(last.submitted)
})
