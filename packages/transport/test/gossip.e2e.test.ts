import { expect, test } from 'vitest'
import { range, startCommittee, TestNode } from './network.ts'

const gossip = {
  heartbeatMs: 100,
  hintBytesMax: 1024,
  checkpointBytesMax: 16 * 1024,
  publishPerSecondMax: 200,
  publishBurstMax: 50
}

/** Publishes ever new messages, as a node does with its heads, until the condition holds. */
async function publishUntil(
  node: TestNode,
  message: (n: number) => Uint8Array,
  isMet: () => boolean
): Promise<void> {
  for (let n = 0; !isMet(); n++) {
    node.mesh.publish('heads', message(n))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('an observer behind an observer hears of heads, and what is forged stops at the first', async () => {
  await using stack = new AsyncDisposableStack()
  const member = stack.use(await TestNode.start(1, [], { gossip }))
  const near = stack.use(await TestNode.start(2, [member.member], { gossip }))
  const far = stack.use(await TestNode.start(3, [{ peer: member.peer, addresses: [] }], { gossip }))
  near.mesh.keepConnected(member.member)
  far.mesh.keepConnected(near.member)
  await Promise.all([near.connected(member), far.connected(near)])
  // A first byte of 255 marks a forgery, which an honest node recognises by its signature.
  near.judge = message => (message[0] === 255 ? 'reject' : 'accept')
  await publishUntil(
    member,
    n => new Uint8Array([1, n >> 8, n]),
    () => far.gossip.length > 0
  )
  expect(far.gossip[0]).toMatchObject({ topic: 'heads' })
  expect(far.isConnected(member.peer)).toBe(false)

  const rejected = (): number => near.eventsOf('gossip-rejected').length
  for (const n of range(3)) member.mesh.publish('evidence', new Uint8Array([255, n]))
  await near.when(() => rejected() >= 3)
  const heardBefore = far.gossip.length
  await publishUntil(
    member,
    n => new Uint8Array([2, n]),
    () => far.gossip.length > heardBefore + 2
  )
  expect(far.gossip.every(({ message }) => message[0] !== 255)).toBe(true)
  expect(near.eventsOf('gossip-rejected')[0]).toEqual({
    type: 'gossip-rejected',
    topic: 'evidence',
    relayedBy: member.peer,
    reason: 'handler'
  })
  expect(near.status(member.peer).penaltyPoints).toBeGreaterThan(20)
})

test('an ignored message is not passed on, and costs its sender nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const source = stack.use(await TestNode.start(1, [], { gossip }))
  const middle = stack.use(await TestNode.start(2, [], { gossip }))
  const end = stack.use(await TestNode.start(3, [], { gossip }))
  middle.mesh.keepConnected(source.member)
  end.mesh.keepConnected(middle.member)
  await Promise.all([middle.connected(source), end.connected(middle)])
  middle.judge = message => (message[0] === 9 ? 'ignore' : 'accept')
  await publishUntil(
    source,
    n => new Uint8Array([n % 2 === 0 ? 9 : 1, n >> 8, n]),
    () => end.gossip.length > 5
  )
  expect(end.gossip.every(({ message }) => message[0] === 1)).toBe(true)
  expect(middle.status(source.peer).penaltyPoints).toBe(0)
})

test('members hear one another; large checkpoints pass, larger ones and floods do not leave', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b, c] = (await startCommittee(stack, [1, 2, 3, 4], { gossip })) as [
    TestNode,
    TestNode,
    TestNode
  ]
  await publishUntil(
    a,
    n => new Uint8Array([n >> 8, n]),
    () => b.gossip.length > 0 && c.gossip.length > 0
  )
  a.mesh.publish('checkpoints', new Uint8Array(16 * 1024).fill(3))
  await b.when(() =>
    b.gossip.some(({ topic, message }) => topic === 'checkpoints' && message.length === 16 * 1024)
  )
  a.mesh.publish('checkpoints', new Uint8Array(16 * 1024 + 1))
  a.mesh.publish('heads', new Uint8Array(1025))
  expect(a.eventsOf('gossip-dropped').map(({ topic, reason }) => [topic, reason])).toEqual([
    ['checkpoints', 'too-large'],
    ['heads', 'too-large']
  ])
  for (const n of range(2_000)) a.mesh.publish('evidence', new Uint8Array([n >> 8, n]))
  expect(
    a.eventsOf('gossip-dropped').filter(({ reason }) => reason === 'too-frequent').length
  ).toBeGreaterThan(5)
})

test('a message above the limit of its topic is rejected by who receives it', async () => {
  await using stack = new AsyncDisposableStack()
  const lenient = stack.use(
    await TestNode.start(1, [], { gossip: { ...gossip, hintBytesMax: 5000 } })
  )
  const strict = stack.use(await TestNode.start(2, [], { gossip }))
  strict.mesh.keepConnected(lenient.member)
  await strict.connected(lenient)
  await publishUntil(
    lenient,
    n => new Uint8Array(2000).fill(n),
    () => strict.eventsOf('gossip-rejected').length > 0
  )
  expect(strict.eventsOf('gossip-rejected')[0]).toMatchObject({ reason: 'too-large' })
  expect(strict.gossip).toEqual([])
})

test('an observer finds its upstream by the bootstrap list', async () => {
  await using stack = new AsyncDisposableStack()
  const member = stack.use(await TestNode.start(1, [], { gossip }))
  const bootstrap = member.mesh.addresses()
  const discovery = { bootstrap, mdns: false }
  const observer = stack.use(
    await TestNode.start(2, [{ peer: member.peer, addresses: [] }], { gossip, discovery })
  )
  await observer.connected(member)
  const none = stack.use(await TestNode.start(3, [], { gossip, discovery, upstreamsMax: 0 }))
  await publishUntil(
    member,
    n => new Uint8Array([n]),
    () => observer.gossip.length > 0
  )
  expect(none.states).toEqual([])
})
