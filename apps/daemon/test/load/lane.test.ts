import {
  type Acknowledgement,
  type IngestClient,
  type IngestClientListeners,
  type IngestClientOptions,
  ingestCodes
} from '@novacron/node'
import { expect, test } from 'vitest'
import { Lane } from '../../src/load/lane.ts'
import type { SequenceRange } from '../../src/load/sequence-set.ts'

class FakeClient {
  readonly options: IngestClientOptions
  readonly listeners: IngestClientListeners
  readonly sent: number[] = []
  room = 1_000
  flushes = 0
  isDestroyed = false

  constructor(options: IngestClientOptions, listeners: IngestClientListeners) {
    this.options = options
    this.listeners = listeners
  }

  get nextSequence(): number {
    return (this.options.firstSequence ?? 1) + this.news
  }

  news = 0

  send(): number | undefined {
    const sequence = this.nextSequence
    if (!this.sendAs(sequence)) return undefined
    this.news++
    return sequence
  }

  sendAs(sequence: number): boolean {
    if (this.room === 0) return false
    this.room--
    this.sent.push(sequence)
    return true
  }

  flush(): void {
    this.flushes++
  }

  destroy(): void {
    this.isDestroyed = true
  }

  answer(type: Acknowledgement['type'], first: number, last: number, code = 0): void {
    const session = this.options.session
    this.listeners.onAcknowledged([{ type, session, first, last, index: 1, code }])
  }
}

function makeLane(sockets: readonly string[] = ['a', 'b']) {
  const clients: FakeClient[] = []
  const acknowledged: SequenceRange[] = []
  const notes: string[] = []
  const dead = new Set<string>()
  const lane = new Lane(
    { sockets, session: 'ab', retryMs: 20, reconnectMs: 1 },
    {
      connect: async (options, listeners) => {
        if (dead.has(options.socketPath)) throw new Error('no such node')
        const client = new FakeClient(options, listeners)
        clients.push(client)
        return client as unknown as IngestClient
      },
      payload: () => new Uint8Array(1),
      onAcknowledged: range => acknowledged.push({ first: range.first, last: range.last }),
      onNote: note => notes.push(note)
    }
  )
  const last = () => clients.at(-1) as FakeClient
  return { lane, clients, acknowledged, notes, dead, last }
}

const later = () => performance.now() + 1_000

test('what is due is sent in order and flushed once a call', async () => {
  const { lane, last } = makeLane()
  await lane.connect()
  lane.sendUpTo(3, 0)
  lane.sendUpTo(5, 0)
  lane.sendUpTo(4, 0)
  expect(last().sent).toEqual([1, 2, 3, 4, 5])
  expect(last().flushes).toBe(3)
  expect([lane.outstanding, lane.acknowledged]).toEqual([5, 0])
})

test('before it is connected, transactions are due and wait', async () => {
  const { lane, last } = makeLane()
  lane.sendUpTo(2, 0)
  expect(lane.outstanding).toBe(2)
  await lane.connect()
  lane.sendUpTo(2, 0)
  expect(last().sent).toEqual([1, 2])
})

test('a full connection is left in peace until it takes more', async () => {
  const { lane, last } = makeLane()
  await lane.connect()
  last().room = 2
  lane.sendUpTo(5, 0)
  expect(last().sent).toEqual([1, 2])
  last().room = 9
  lane.sendUpTo(5, 0)
  expect(last().sent).toEqual([1, 2, 3, 4, 5])
})

test('acknowledgements count once, acceptance does not', async () => {
  const { lane, last, acknowledged } = makeLane()
  await lane.connect()
  lane.sendUpTo(5, 0)
  last().answer('accepted', 1, 5)
  last().answer('committed', 1, 3)
  last().answer('committed', 2, 4, 1)
  expect(acknowledged).toEqual([
    { first: 1, last: 3 },
    { first: 4, last: 4 }
  ])
  expect([lane.outstanding, lane.acknowledged]).toEqual([1, 4])
})

test.each([
  { name: 'a busy node', type: 'refused' as const, code: ingestCodes.busy },
  { name: 'a gap', type: 'refused' as const, code: ingestCodes.gap },
  { name: 'a window that is exceeded', type: 'committed' as const, code: 2 }
])('after $name the same sequences are sent again, before new ones', async ({ type, code }) => {
  const { lane, last } = makeLane()
  await lane.connect()
  lane.sendUpTo(4, 0)
  last().answer(type, 4, 4, code)
  last().answer(type, 1, 2, code)
  lane.sendUpTo(6, 0)
  expect(last().sent).toEqual([1, 2, 3, 4])
  last().room = 1
  lane.sendUpTo(6, later())
  expect(last().sent).toEqual([1, 2, 3, 4, 1])
  last().room = 9
  lane.sendUpTo(6, later())
  expect(last().sent).toEqual([1, 2, 3, 4, 1, 2, 4, 5, 6])
})

test.each([
  { type: 'refused' as const, code: ingestCodes.tooLarge, reason: 'tooLarge' },
  { type: 'refused' as const, code: 99, reason: 'code 99' },
  { type: 'committed' as const, code: 3, reason: 'session-expired' },
  { type: 'committed' as const, code: 200, reason: 'code 200' }
])('$reason is for good and told', async ({ type, code, reason }) => {
  const { lane, last, notes } = makeLane()
  await lane.connect()
  lane.sendUpTo(4, 0)
  last().answer(type, 2, 3, code)
  expect([lane.outstanding, lane.acknowledged]).toEqual([2, 0])
  expect(notes).toEqual([`transactions 2 to 3 of a session were refused: ${reason}`])
})

test('a lost node is replaced by the next that answers, which gets all that is unanswered', async () => {
  const { lane, clients, last, notes, dead } = makeLane(['a', 'b', 'c'])
  await lane.connect()
  lane.sendUpTo(6, 0)
  const lost = last()
  lost.answer('committed', 1, 2)
  lost.answer('committed', 4, 4)
  dead.add('b')
  lost.listeners.onClosed({ reason: 'none' })
  lane.sendUpTo(7, 0)
  expect(notes).toEqual(['lost a, going on through another node'])
  await expect.poll(() => clients.length).toBe(2)
  expect(last().options).toMatchObject({ socketPath: 'c', firstSequence: 7 })
  await expect
    .poll(() => {
      lane.sendUpTo(7, 1)
      return last().sent
    })
    .toEqual([3, 5, 6, 7])
  lost.answer('committed', 5, 5)
  lost.listeners.onClosed({ reason: 'none' })
  expect(lane.acknowledged).toBe(3)
  last().answer('committed', 3, 3, 1)
  expect(lane.acknowledged).toBe(4)
})

test('a closed lane connects no more', async () => {
  const { lane, clients, last, dead } = makeLane()
  await lane.connect()
  for (const socket of ['a', 'b']) dead.add(socket)
  last().listeners.onClosed({ reason: 'stopping' })
  await lane.close()
  expect(clients).toHaveLength(1)
})

test('a connection that comes too late is cut', async () => {
  const { lane, last } = makeLane()
  const connecting = lane.connect()
  const closing = lane.close()
  await Promise.all([connecting, closing])
  expect(last().isDestroyed).toBe(true)
})

test('closing cuts the connection, whose end is no loss', async () => {
  const { lane, last, notes } = makeLane()
  await lane.connect()
  await lane.close()
  expect(last().isDestroyed).toBe(true)
  last().listeners.onClosed({ reason: 'none' })
  expect(notes).toEqual([])
})
