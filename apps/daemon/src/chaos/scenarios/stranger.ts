import { randomBytes } from 'node:crypto'
import {
  type PeerId,
  type StreamClass,
  streamClasses,
  toDigest,
  toPeerId,
  Writer
} from '@novacron/base'
import { defaultMeshOptions, type Mesh, startMesh } from '@novacron/transport'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { checkStranger, type StrangerFate, type StrangerReport } from '../stranger-report.ts'
import { memoryStays, othersGoOn, until, victimOf } from './steps.ts'

const mib = 1024 * 1024
const connectMs = 60_000
/** Of one kind before others have their turn. */
const burst = 50
const lookMs = 200

/** For what the daemons make of it to be seen, while it goes on. */
const fateMs = 60_000

interface Stranger {
  readonly mesh: Mesh
  /** What it was told by gossip, each message once. */
  readonly heard: Heard[]
}

interface Heard {
  readonly topic: 'heads' | 'checkpoints' | 'evidence'
  readonly bytes: Uint8Array
}

/** Somebody with a key that no genesis names, who knows where the daemons listen and which chain they are on. */
async function startStranger(run: ScenarioRun): Promise<Stranger> {
  const { cluster } = run
  const heard: Heard[] = []
  const statuses = await Promise.all(cluster.honest.map(node => cluster.status(node)))
  const chain = statuses.find(status => status !== undefined)?.chain ?? ''
  const gossip = {
    ...defaultMeshOptions.gossip,
    publishPerSecondMax: 10_000,
    publishBurstMax: 10_000
  }
  const mesh = await startMesh(
    { ...defaultMeshOptions, chain, gossip: { ...gossip, hintBytesMax: 16_384 } },
    {
      privateKeySeed: randomBytes(32),
      members: [],
      handlers: {
        onFrame: () => undefined,
        onPeer: () => undefined,
        onGossip: (topic, bytes) => {
          if (heard.length < 1_000) heard.push({ topic, bytes: bytes.slice() })
          return 'accept'
        }
      }
    },
    run.signal
  )
  for (const [i, node] of cluster.honest.entries()) {
    const peer = statuses[i]?.peer
    if (peer === undefined) continue
    const addresses = [`/ip4/127.0.0.1/tcp/${cluster.listenPort(node)}`]
    mesh.keepConnected({ peer: toPeerId(peer), addresses })
  }
  const isConnected = await until(
    run,
    connectMs,
    () => connectedTo(mesh).size === cluster.honest.length
  )
  run.expect(isConnected, 'the stranger could not connect to everybody, so it showed nothing')
  return { mesh, heard }
}

function connectedTo(mesh: Mesh): ReadonlySet<PeerId> {
  const connected = mesh.peers().filter(({ state }) => state === 'connected')
  return new Set(connected.map(({ peer }) => peer))
}

/** Of each daemon, what it has taken off the connection of the stranger, and dealt with. */
function heardBytes(mesh: Mesh): ReadonlyMap<PeerId, number> {
  const heard = mesh.peers().map(({ peer, sentBytes, inFlightBytes }) => {
    const open = streamClasses.reduce((sum, name) => sum + inFlightBytes[name], 0)
    return [peer, Math.max(0, sentBytes - open)] as const
  })
  return new Map(heard)
}

function refusedBy({ cluster }: ScenarioRun, node: number): ReadonlySet<string> {
  const lines = cluster.events(node, 'peer-refused')
  return new Set(lines.flatMap(line => /"peer":"([^"]+)"/.exec(line)?.[1] ?? []))
}

async function reportsOn(
  run: ScenarioRun,
  mesh: Mesh,
  refusedBefore: readonly ReadonlySet<string>[]
): Promise<readonly StrangerReport[]> {
  const { cluster } = run
  const statuses = await Promise.all(cluster.honest.map(node => cluster.status(node)))
  const connected = connectedTo(mesh)
  const heard = heardBytes(mesh)
  return cluster.honest.map((node, i) => {
    const refused = [...refusedBy(run, node)].filter(peer => refusedBefore[i]?.has(peer) !== true)
    const peer = toPeerId(statuses[i]?.peer ?? '')
    return {
      node: cluster.nameOf(node),
      isRefused: refused.includes(mesh.self),
      isConnected: connected.has(peer),
      heardBytes: heard.get(peer) ?? 0,
      refusedOthers: refused.filter(other => other !== mesh.self)
    }
  })
}

interface StrangerAct {
  readonly fate: StrangerFate
  /** What each daemon must have heard of it at least. */
  readonly heardBytesMin?: number
  readonly forMs?: number
  /** Done again and again; how often something was sent. */
  act(stranger: Stranger): number
}

/** Lets a stranger do something again and again while the daemons must go on, until it came to what it must. */
async function withStranger(
  run: ScenarioRun,
  { fate, heardBytesMin = 0, forMs = run.faultMs, act }: StrangerAct
): Promise<void> {
  const { cluster } = run
  const refusedBefore = cluster.honest.map(node => refusedBy(run, node))
  const stranger = await startStranger(run)
  let sent = 0
  let faults: readonly string[] = []
  const look = async (): Promise<void> => {
    const reports = await reportsOn(run, stranger.mesh, refusedBefore)
    faults = checkStranger(fate, { sent, heardBytesMin }, reports)
  }
  try {
    await memoryStays(run, victimOf(run), 192 * mib, () =>
      othersGoOn(run, [], async () => {
        const deadline = performance.now() + forMs
        for (let lookAt = deadline; performance.now() < deadline + fateMs; ) {
          sent += act(stranger)
          await run.sleep(5)
          if (performance.now() < lookAt) continue
          await look()
          if (faults.length === 0) break
          lookAt = performance.now() + lookMs
        }
      })
    )
  } finally {
    await stranger.mesh[Symbol.asyncDispose]()
  }
  run.note(`${sent} sent`)
  for (const fault of faults) run.expect(false, fault)
}

function sendAll({ mesh }: Stranger, frame: (streamClass: StreamClass) => Uint8Array): number {
  let sent = 0
  for (const { peer } of mesh.peers()) {
    for (const streamClass of streamClasses) {
      for (let i = 0; i < burst; i++) if (mesh.send(peer, streamClass, frame(streamClass))) sent++
    }
  }
  return sent
}

/** A question for batches that nobody has, as a member would ask it (layer mempool, kind pull-batches). */
function pullOfNothing(): Uint8Array {
  const digests = Array.from({ length: 8 }, () => toDigest(randomBytes(32).toString('hex')))
  return new Writer(512)
    .u8(1)
    .u8(1)
    .list(digests, (digest, writer) => writer.digest(digest))
    .finish()
}

/** Zeros, as many as a frame of a stranger may have: its own mesh would not let more go. */
function largest(streamClass: StreamClass): Uint8Array {
  return Buffer.alloc(defaultMeshOptions.observerClasses[streamClass].frameBytesMax)
}

const sendNonsense = (found: Stranger): number => sendAll(found, () => randomBytes(200))
const sendLargest = (found: Stranger): number => sendAll(found, largest)
const askForNothing = (found: Stranger): number => {
  const question = pullOfNothing()
  return sendAll(found, () => question)
}
/** A burst of questions on each stream; a connection and its heartbeats take less. */
const heardBytesMin = burst * streamClasses.length * pullOfNothing().length

const replayers = 3
const listenMs = 10_000

/**
 * One stranger listens; others, who have not heard it themselves, say it again: whoever has heard a message before would not let
 * it go a second time.
 */
async function replay(run: ScenarioRun): Promise<void> {
  const listener = await startStranger(run)
  try {
    await until(run, listenMs, () => listener.heard.length >= burst)
  } finally {
    await listener.mesh[Symbol.asyncDispose]()
  }
  for (let time = 0; time < replayers; time++) {
    let isDone = false
    const again = ({ mesh, heard }: Stranger): number => {
      const isNew = (old: Heard): boolean =>
        !heard.some(({ bytes }) => Buffer.compare(bytes, old.bytes) === 0)
      // Until it hears something it is not known yet who listens.
      if (heard.length === 0 || isDone) return 0
      isDone = true
      const unheard = listener.heard.filter(isNew)
      for (const { topic, bytes } of unheard) mesh.publish(topic, bytes)
      return unheard.length
    }
    await withStranger(run, { fate: 'borne', forMs: run.faultMs / replayers, act: again })
  }
}

const stranger = { kind: 'real', nodesMin: 4, recoveryMsMax: 5_000, faultMs: 3_000 } as const

/** Faults of somebody on the network whom no genesis names. */
export const strangerScenarios: readonly RealScenario[] = [
  {
    ...stranger,
    name: 'stranger-malformed',
    what: 'A stranger sends random frames on every stream; it is thrown out and the members go on.',
    run: run => withStranger(run, { fate: 'thrown-out', act: sendNonsense })
  },
  {
    ...stranger,
    name: 'stranger-valid',
    what: 'A stranger floods the members with well-formed questions for what nobody has: they hear it, and go on.',
    run: run => withStranger(run, { fate: 'borne', heardBytesMin, act: askForNothing })
  },
  {
    ...stranger,
    name: 'stranger-oversized',
    what: 'A stranger sends frames of nothing, as large as they may be: it is thrown out, memory stays bounded.',
    run: run => withStranger(run, { fate: 'thrown-out', act: sendLargest })
  },
  {
    ...stranger,
    name: 'stranger-replays',
    what: 'Strangers say again what the members said before: nobody minds it.',
    run: replay
  }
]
