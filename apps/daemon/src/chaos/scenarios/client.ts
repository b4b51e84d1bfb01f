import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Fault } from '@novacron/base'
import { connectIngest, logApplication } from '@novacron/node'
import { Daemon } from '../../devnet/daemon.ts'
import { checkRefusals } from '../refusals.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { memoryStays, othersGoOn, outcomeOfLarge, submitLarge, until, victimOf } from './steps.ts'

const mib = 1024 * 1024
const latencyMsMax = 15_000
const busyMs = 50
/** For the last of the valid transactions beside those that are too large. */
const takenMsMax = 40_000
const tooLargeBytes = 10_000_000
/** Little enough that coming again costs the daemon next to nothing beside the bodies. */
const validBytes = 10_000
const quiet = (): void => undefined

/** Asks for the whole log over a WebSocket, and never reads a byte of it. */
function deafSubscriber(socketPath: string): Socket {
  const socket = connect({ path: socketPath })
  socket.on('error', quiet)
  const key = randomBytes(16).toString('base64')
  const head = ['GET /ws HTTP/1.1', 'host: localhost', 'connection: Upgrade', 'upgrade: websocket']
  head.push(`sec-websocket-key: ${key}`, 'sec-websocket-version: 13', '', '')
  const params = { topic: 'log.committed', from: 1 }
  const call = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }))
  // One text frame of a client, under a mask of zeros.
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | call.length, 0, 0, 0, 0]), call])
  socket.write(head.join('\r\n'))
  socket.write(frame)
  socket.pause()
  return socket
}

/** One for all bodies: a hundred of their own would be a gigabyte of this process. */
const blanks = Buffer.alloc(tooLargeBytes, 0x20)

/** Status of a POST with a body of that many bytes; undefined when the connection was ended first. */
function postBytes(socketPath: string, bytes: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const post = request({ socketPath, path: '/rpc', method: 'POST', agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode)
    })
    post.on('error', () => resolve(undefined))
    post.setHeader('content-type', 'application/json')
    post.end(blanks.subarray(0, bytes))
  })
}

/** What an ingest socket answers to a frame that says it has that many bytes: true when it ends the connection. */
async function isFrameRefused(run: ScenarioRun, path: string, bytes: number): Promise<boolean> {
  const socket = connect({ path })
  socket.on('error', quiet)
  socket.resume()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes)
  socket.write(length)
  socket.write(randomBytes(64))
  const isRefused = await until(run, 5_000, () => socket.closed)
  socket.destroy()
  return isRefused
}

async function ingestOf({ cluster }: ScenarioRun, node: number): Promise<string> {
  const { sockets } = await cluster.daemon(node).client().call('node.status', {})
  return sockets.ingest ?? ''
}

const client = { kind: 'real', nodesMin: 4, recoveryMsMax: 5_000, faultMs: 3_000 } as const

const slowReader: RealScenario = {
  ...client,
  name: 'slow-reader',
  what: 'Ten clients subscribe to the whole log of one daemon and never read; its memory stays bounded.',
  run: async run => {
    const victim = victimOf(run)
    const path = run.cluster.daemon(victim).controlSocket
    const deaf = Array.from({ length: 10 }, () => deafSubscriber(path))
    try {
      await memoryStays(run, victim, 192 * mib, () =>
        othersGoOn(run, [], () => run.sleep(run.faultMs))
      )
    } finally {
      for (const socket of deaf) socket.destroy()
    }
  }
}

const oversized: RealScenario = {
  ...client,
  name: 'oversized-frames',
  what: 'Bodies of 10 MB and frames of 2 GB are refused before they are read.',
  run: async run => {
    const victim = victimOf(run)
    const control = run.cluster.daemon(victim).controlSocket
    const ingest = await ingestOf(run, victim)
    const told: (number | undefined)[] = []
    await memoryStays(run, victim, 192 * mib, () =>
      othersGoOn(run, [], async () => {
        for (let time = 0; time < 5; time++) {
          told.push(await postBytes(control, tooLargeBytes))
          const isRefused = await isFrameRefused(run, ingest, 2 ** 31)
          run.expect(isRefused, 'a frame of 2 GB was waited for')
        }
      })
    )
    for (const fault of checkRefusals(told, [])) run.expect(false, fault)
  }
}

const memory: RealScenario = {
  ...client,
  name: 'memory-exhaustion',
  also: 'dwcp-16',
  what: 'A hundred requests of 10 MB at once are refused, and valid ones beside them are taken in the end; memory grows by less than 500 MB.',
  run: async run => {
    const victim = victimOf(run)
    const control = run.cluster.daemon(victim).controlSocket
    await memoryStays(run, victim, 500 * mib, () =>
      othersGoOn(run, [], async () => {
        const bodies = Array.from({ length: 100 }, () => postBytes(control, tooLargeBytes))
        const valid = Array.from({ length: 10 }, () => takenInTurn(run, victim, validBytes))
        const outcomes = await Promise.all(valid)
        run.note(`busy ${outcomes.reduce((sum, { busy }) => sum + busy, 0)} times`)
        const last = outcomes.map(({ outcome }) => outcome)
        const faults = checkRefusals(await Promise.all(bodies), last)
        for (const fault of faults) run.expect(false, fault)
      })
    )
    const status = await postBytes(control, 1_000)
    run.expect(status === 200, `a small request got ${status} afterwards`)
  }
}

const replays: RealScenario = {
  ...client,
  name: 'stale-replays',
  what: 'Transactions are sent again under their old numbers through every daemon; each took effect once.',
  run: async run => {
    const { cluster } = run
    const first = cluster.daemon(victimOf(run)).client()
    const { session } = await first.call('session.open', {})
    for (let sequence = 1; sequence <= 10; sequence++) {
      for (const node of cluster.honest) {
        const payload = Buffer.from(`replay ${sequence}`).toString('base64')
        const again = { application: 'log', payload, session, sequence, wait: 'committed' } as const
        await cluster.daemon(node).client().call('tx.submit', again)
      }
    }
    const places = new Set<string>()
    for (let sequence = 1; sequence <= 10; sequence++) {
      for (const node of cluster.honest) {
        const client = cluster.daemon(node).client()
        const { index, ordinal } = await client.call('tx.status', { session, sequence })
        if (index !== undefined) places.add(`${sequence}@${index}.${ordinal}`)
      }
    }
    run.expect(places.size === 10, `ten transactions have ${places.size} places`)
  }
}

const malformed: RealScenario = {
  ...client,
  name: 'malformed-clients',
  what: 'Random bytes are thrown at the ingest socket and at the port of the mesh, again and again.',
  run: async run => {
    const victim = victimOf(run)
    const ingest = await ingestOf(run, victim)
    const port = run.cluster.listenPort(victim)
    const deadline = performance.now() + run.faultMs
    let thrown = 0
    await othersGoOn(run, [], async () => {
      while (performance.now() < deadline) {
        for (const socket of [connect({ path: ingest }), connect({ host: '127.0.0.1', port })]) {
          socket.on('error', quiet)
          socket.end(randomBytes(4_096))
          socket.resume()
          thrown++
        }
        await run.sleep(10)
      }
    })
    run.note(`${thrown} connections`)
  }
}

const twoDaemons: RealScenario = {
  ...client,
  name: 'two-daemons-one-directory',
  what: 'A second daemon on the directory of a running one is refused, and the first goes on.',
  run: async run => {
    const { cluster } = run
    const victim = victimOf(run)
    const first = cluster.daemon(victim)
    await othersGoOn(run, [], async () => {
      const second = new Daemon(first, run.io)
      try {
        const isRefused = await until(run, 60_000, () => !second.isRunning)
        run.expect(isRefused, 'the second daemon runs')
        const words = second.lastWords() ?? 'nothing'
        run.expect(words.includes(`in use by process ${first.pid}`), `the second said: ${words}`)
      } finally {
        second.signal('SIGKILL')
        await second.exited
      }
    })
    run.expect(first.isRunning, 'the first daemon ended')
  }
}

/** A transaction that comes again while the daemon has no room for it; tells how often it had none, and the last answer. */
async function takenInTurn(
  run: ScenarioRun,
  node: number,
  bytes: number
): Promise<{ readonly outcome: string; readonly busy: number }> {
  const deadline = performance.now() + takenMsMax
  for (let busy = 0; ; busy++) {
    const outcome = await outcomeOfLarge(run, node, bytes)
    if (outcome !== 'busy' || performance.now() > deadline) return { outcome, busy }
    await run.sleep(2 * busyMs)
  }
}

/** A write that comes again while the daemon has no room for it, as a client's does. */
async function putInTurn(run: ScenarioRun, key: string): Promise<void> {
  const payload = { type: 'put', key: { utf8: key }, value: { utf8: 'x' } } as const
  const client = run.cluster.daemon(victimOf(run)).client()
  for (;;) {
    try {
      await client.call('tx.submit', { application: 'kv', payload, wait: 'committed' })
      return
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'busy') throw error
      await run.sleep(busyMs)
    }
  }
}

const congestion: RealScenario = {
  ...client,
  name: 'congestion',
  also: 'dwcp-19',
  what: 'Ten clients send 100 kB each without pause; small writes still commit within 15 s.',
  run: async run => {
    const { cluster } = run
    const over = new AbortController()
    const spam = Array.from({ length: 10 }, async (_, i) => {
      const node = cluster.honest[i % cluster.honest.length] ?? 0
      while (!over.signal.aborted) {
        if (!(await submitLarge(run, node, 100_000))) await run.sleep(20)
      }
    })
    let slowestMs = 0
    try {
      const deadline = performance.now() + run.faultMs
      for (let k = 0; performance.now() < deadline; k++) {
        const startedAt = performance.now()
        await putInTurn(run, `small-${k}`)
        slowestMs = Math.max(slowestMs, performance.now() - startedAt)
      }
    } finally {
      over.abort()
      await Promise.allSettled(spam)
    }
    run.note(`the slowest small write took ${Math.round(slowestMs)} ms`)
    run.expect(slowestMs <= latencyMsMax, 'a small write took too long')
  }
}

const ingestFlood: RealScenario = {
  ...client,
  name: 'flood-of-clients',
  what: 'One client sends as many valid transactions as the ingest socket takes, ten times what is asked of it.',
  run: async run => {
    const { cluster } = run
    const victim = victimOf(run)
    const { session } = await cluster.daemon(victim).client().call('session.open', {})
    const socketPath = await ingestOf(run, victim)
    let acknowledged = 0
    const flood = await connectIngest(
      { socketPath, session },
      {
        onAcknowledged: records => {
          acknowledged += records.length
        },
        onClosed: quiet
      }
    )
    try {
      await othersGoOn(run, [], async () => {
        const payload = randomBytes(128)
        for (let spentMs = 0; spentMs < run.faultMs; spentMs += 10) {
          for (let i = 0; i < 100; i++) flood.send(logApplication, payload)
          await run.sleep(10)
        }
      })
      await until(run, 60_000, () => acknowledged > 0)
    } finally {
      flood.destroy()
    }
    run.expect(acknowledged > 0, 'nothing of the flood was answered')
  }
}

/** Faults of those who talk to a daemon from its own machine. */
export const clientScenarios: readonly RealScenario[] = [
  slowReader,
  oversized,
  memory,
  replays,
  malformed,
  ingestFlood,
  congestion,
  twoDaemons
]
