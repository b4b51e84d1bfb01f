import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BenchConnection } from '../../src/bench/bench-connection.ts'
import { payloadPlan } from '../../src/bench/payload-plan.ts'
import type { SequenceRange } from '../../src/load/sequence-set.ts'
import { FakeSink, serveFakeSink } from '../fake-sink.ts'
import { testDirectory } from '../test-directory.ts'

function open(sockets: readonly string[], frames = 4) {
  const acknowledged: SequenceRange[] = []
  const notes: string[] = []
  const connection = new BenchConnection(
    { sockets, session: 'ab'.repeat(16), transactionsPerFrame: 3, frames, retryMs: 1 },
    {
      plan: payloadPlan('log', 40),
      onAcknowledged: range => acknowledged.push(range),
      onNote: note => notes.push(note)
    }
  )
  onTestFinished(() => connection.close())
  const sendUntil = (due: number) =>
    expect.poll(() => {
      connection.sendUpTo(due, performance.now())
      return connection.settled
    })
  return { connection, acknowledged, notes, sendUntil }
}

async function serve(sink?: FakeSink) {
  const socket = join(testDirectory(), 'ingest.sock')
  return { socket, ...(await serveFakeSink(socket, sink)) }
}

test('sends every transaction once, in frames, and tells what was acknowledged', async () => {
  const { socket, sink } = await serve()
  const { connection, acknowledged, sendUntil } = open([socket], 2)
  connection.sendUpTo(5, performance.now())
  await connection.connect()
  await sendUntil(20).toBe(20)
  expect(sink.sequences).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  expect(acknowledged.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(20)
  expect(connection.acknowledged).toBe(20)
})

test('sends again what was refused as busy', async () => {
  const sink = new FakeSink()
  sink.refusals = 1
  const { socket } = await serve(sink)
  const { connection, sendUntil } = open([socket])
  await connection.connect()
  await sendUntil(3).toBe(3)
  expect(connection.refused).toBe(3)
  expect(sink.sequences).toEqual([1, 2, 3])
})

test('a transaction that failed is settled and not acknowledged', async () => {
  const sink = new FakeSink()
  sink.code = 4
  const { socket } = await serve(sink)
  const { connection, notes, sendUntil } = open([socket])
  await connection.connect()
  await sendUntil(3).toBe(3)
  expect(connection.acknowledged).toBe(0)
  expect(notes).toHaveLength(1)
})

test('goes on through another node with all that is unanswered', async () => {
  const deaf = new FakeSink()
  deaf.isHolding = true
  const first = await serve(deaf)
  const second = await serve()
  const gone = join(testDirectory(), 'nobody.sock')
  const { connection, notes, sendUntil } = open([first.socket, gone, second.socket])
  await connection.connect()
  connection.sendUpTo(4, performance.now())
  await expect.poll(() => deaf.sequences).toEqual([1, 2, 3, 4])
  await first.server[Symbol.asyncDispose]()
  await sendUntil(6).toBe(6)
  expect(second.sink.sequences).toEqual([1, 2, 3, 4, 5, 6])
  expect(notes).toEqual([`lost ${first.socket}, going on through another node`])
})
