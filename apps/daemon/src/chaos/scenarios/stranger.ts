import { randomBytes } from 'node:crypto'
import { streamClasses, toDigest, toPeerId, Writer } from '@novacron/base'
import { defaultMeshOptions, type Mesh, startMesh } from '@novacron/transport'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { memoryStays, othersGoOn, until, victimOf } from './steps.ts'

const mib = 1024 * 1024
const connectMs = 10_000
/** Of one kind before others have their turn. */
const burst = 50

interface Stranger {
  readonly mesh: Mesh
  /** What it was told by gossip, each message once. */
  readonly heard: {
    readonly topic: 'heads' | 'checkpoints' | 'evidence'
    readonly bytes: Uint8Array
  }[]
}

/** Somebody with a key that no genesis names, who knows where the daemons listen and which chain they are on. */
async function startStranger(run: ScenarioRun): Promise<Stranger> {
  const { cluster } = run
  const heard: Stranger['heard'] = []
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
  const isConnected = await until(run, connectMs, () =>
    mesh.peers().some(({ state }) => state === 'connected')
  )
  run.expect(isConnected, 'the stranger could not connect, so it showed nothing')
  return { mesh, heard }
}

/** Lets a stranger do something again and again while the daemons must go on. */
async function withStranger(run: ScenarioRun, act: (stranger: Stranger) => number): Promise<void> {
  const stranger = await startStranger(run)
  let done = 0
  try {
    const deadline = performance.now() + run.faultMs
    await memoryStays(run, victimOf(run), 192 * mib, () =>
      othersGoOn(run, [], async () => {
        const lastAt = deadline + connectMs
        while (performance.now() < (done === 0 ? lastAt : deadline)) {
          done += act(stranger)
          await run.sleep(5)
        }
      })
    )
  } finally {
    await stranger.mesh[Symbol.asyncDispose]()
  }
  run.note(`${done} sent`)
  run.expect(done > 0, 'the stranger sent nothing')
}

function sendAll({ mesh }: Stranger, frame: () => Uint8Array): number {
  let sent = 0
  for (const { peer } of mesh.peers()) {
    for (const streamClass of streamClasses) {
      for (let i = 0; i < burst; i++) if (mesh.send(peer, streamClass, frame())) sent++
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

const stranger = { kind: 'real', nodesMin: 4, recoveryMsMax: 5_000, faultMs: 3_000 } as const

/** Faults of somebody on the network whom no genesis names. */
export const strangerScenarios: readonly RealScenario[] = [
  {
    ...stranger,
    name: 'stranger-malformed',
    what: 'A stranger sends random frames on every stream; it is thrown out and the members go on.',
    run: run => withStranger(run, found => sendAll(found, () => randomBytes(200)))
  },
  {
    ...stranger,
    name: 'stranger-valid',
    what: 'A stranger floods the members with well-formed questions for what nobody has.',
    run: run => withStranger(run, found => sendAll(found, pullOfNothing))
  },
  {
    ...stranger,
    name: 'stranger-oversized',
    what: 'A stranger sends the largest frames that the wire can carry, and larger ones.',
    run: run => withStranger(run, found => sendAll(found, () => Buffer.alloc(200_000)))
  },
  {
    ...stranger,
    name: 'stranger-replays',
    what: 'A stranger says again and again what the members said before.',
    run: run =>
      withStranger(run, ({ mesh, heard }) => {
        for (const { topic, bytes } of heard) mesh.publish(topic, bytes)
        // Before the members have said anything there is nothing to repeat.
        return heard.length
      })
  }
]
