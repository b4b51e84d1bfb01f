import { expect, test } from 'vitest'
import { defaultMeshOptions } from '../src/index.ts'
import { numberedFrame, numberOf, range, startCommittee, type TestNode } from './network.ts'

const mib = 1024 * 1024
/** These tests fill a processor for long: nobody is to be called silent for that. */
const unhurried = { heartbeat: { intervalMs: 500, timeoutMs: 60_000 } }
const { windowBytes, queueBytesMax } = defaultMeshOptions.classes.bulk

/** Sends `count` bulk frames as fast as the queue takes them; looks at the bounds all the time. */
async function sendAll(a: TestNode, b: TestNode, count: number, length: number): Promise<void> {
  for (let n = 0; n < count; ) {
    if (a.mesh.send(b.peer, 'bulk', numberedFrame(n, length))) n += 1
    else await new Promise(setImmediate)
    expectBounded(a, b)
  }
}

function expectBounded(a: TestNode, b: TestNode): void {
  const sender = a.status(b.peer)
  const receiver = b.status(a.peer)
  expect(sender.queuedBytes.bulk).toBeLessThanOrEqual(queueBytesMax + 4 * mib)
  expect(sender.inFlightBytes.bulk).toBeLessThanOrEqual(windowBytes)
  expect(receiver.pendingBytes.bulk).toBeLessThanOrEqual(windowBytes)
}

function expectNoReset(...nodes: readonly TestNode[]): void {
  for (const node of nodes) {
    expect(node.eventsOf('connection-closed')).toEqual([])
    expect(node.states.every(({ state }) => state === 'connected')).toBe(true)
  }
}

test('bug A: back-pressure holds every time, not only the first: a fast sender stays bounded', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  const count = 400
  const numbers: number[] = []
  b.onFrame = ({ frame }) => {
    numbers.push(numberOf(frame))
    b.frames.length = 0
  }
  await sendAll(a, b, count, 500_000)
  await b.when(() => numbers.length === count)
  expect(numbers).toEqual(range(count))
  expect(a.eventsOf('frame-dropped').length).toBeGreaterThan(10)
  expectNoReset(a, b)
})

test('bug B: a consumer that stops holds the sender within one window, again and again', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  const length = 400_000
  const perWindow = Math.floor(windowBytes / length)
  let held: (() => void)[] = []
  const numbers: number[] = []
  b.onFrame = ({ streamClass, frame }) => {
    if (streamClass === 'order') return undefined
    numbers.push(numberOf(frame))
    return new Promise(resolve => held.push(resolve))
  }
  const count = perWindow * 4
  for (const n of range(count)) {
    while (!a.mesh.send(b.peer, 'bulk', numberedFrame(n, length))) await new Promise(setImmediate)
  }
  for (const window of range(4)) {
    await b.when(() => held.length === perWindow)
    // Nothing more may come while the window is full, however long the consumer takes.
    a.mesh.send(b.peer, 'order', new Uint8Array([window]))
    await b.when(() => b.framesOf('order').length === window + 1 || held.length > perWindow)
    expect(b.status(a.peer).pendingBytes.bulk).toBe(perWindow * length)
    expect(a.status(b.peer).inFlightBytes.bulk).toBe(perWindow * length)
    expectBounded(a, b)
    const release = held
    held = []
    for (const settle of release) settle()
  }
  expect(numbers.slice(0, count)).toEqual(range(count))
  expectNoReset(a, b)
})

test('bug C: a consumer that takes its time for every single frame never resets the stream', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  const numbers: number[] = []
  let turn = Promise.resolve()
  b.onFrame = ({ frame }) => {
    // One frame at a time, a moment each: what pausing and resuming per message would do.
    turn = turn
      .then(() => new Promise(resolve => setTimeout(resolve, 2)))
      .then(() => {
        numbers.push(numberOf(frame))
        b.changed()
      })
    return turn
  }
  // Far more than the 25 to 31 MB after which a paused libp2p stream is reset.
  await sendAll(a, b, 300, 300_000)
  await b.when(() => numbers.length === 300)
  expect(numbers).toEqual(range(300))
  expectNoReset(a, b)
})

test('both directions at full load at once stay bounded and complete', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  await Promise.all([sendAll(a, b, 100, 500_000), sendAll(b, a, 100, 500_000)])
  await Promise.all([a, b].map(node => node.when(() => node.frames.length === 100)))
  for (const node of [a, b]) {
    expect(node.frames.map(({ frame }) => numberOf(frame))).toEqual(range(100))
  }
  expectNoReset(a, b)
})

test('an order frame overtakes bulk and sync frames that were queued before it', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  for (const n of range(15)) {
    expect(a.mesh.send(b.peer, 'bulk', numberedFrame(n, 2 * mib))).toBe(true)
  }
  await b.when(() => b.frames.length >= 1)
  for (const n of range(4))
    expect(a.mesh.send(b.peer, 'sync', numberedFrame(n, 2 * mib))).toBe(true)
  expect(a.mesh.send(b.peer, 'order', numberedFrame(0, 100))).toBe(true)
  await b.when(() => b.frames.length === 20)
  const at = (streamClass: string): number[] =>
    b.frames.flatMap((one, index) => (one.streamClass === streamClass ? [index] : []))
  // Before most of the bulk that was queued earlier, and before all of sync; sync before the rest of bulk.
  expect(at('order')[0]).toBeLessThan(at('bulk').at(-8)!)
  expect(at('order')[0]).toBeLessThan(at('sync')[0]!)
  expect(at('sync').at(-1)).toBeLessThan(at('bulk').at(-4)!)
})

test('a class without credit does not hold up the classes below it', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], unhurried)) as [TestNode, TestNode]
  let settle: () => void = () => undefined
  const settled = new Promise<void>(resolve => {
    settle = resolve
  })
  b.onFrame = ({ streamClass }) => (streamClass === 'order' ? settled : undefined)
  const orderFrame = defaultMeshOptions.classes.order.frameBytesMax
  for (const _ of range(6)) a.mesh.send(b.peer, 'order', new Uint8Array(orderFrame))
  a.mesh.send(b.peer, 'bulk', new Uint8Array(1000))
  await b.when(() => b.framesOf('bulk').length === 1)
  expect(b.framesOf('order').length).toBe(4)
  settle()
  await b.when(() => b.framesOf('order').length === 6)
})
