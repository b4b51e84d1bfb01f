import { randomBytes, randomInt } from 'node:crypto'
import { Fault, type PeerId, Prng, type ReplicaId, streamClasses } from '@novacron/base'
import { type BullsharkMessage, bullsharkCodec } from '@novacron/consensus'
import { chainFactsOf, type loadNode, type MeshStarter, sha256 } from '@novacron/node'
import { type GossipMessage, type ReplicaMessage, replicaCodec } from '@novacron/replica'
import { bullsharkOrderer, EventQueue, type Letter, LyingPlace } from '@novacron/simulator'
import { type Mesh, type MeshHandlers, startMesh } from '@novacron/transport'
import { isNoise, type Misdeed, type Noise } from './misdeed.ts'

type Message = ReplicaMessage<BullsharkMessage>

/** How often held letters are looked through, and noise is made. */
const tickMs = 10
const noisePerTick = 5
const nonsenseBytes = 200

/**
 * Starts a mesh that lies for the node in `loaded`: whatever its machine sends or hears goes through the liars.
 *
 * onLie  told of each lie, by its name
 */
export function lyingMesh(
  loaded: ReturnType<typeof loadNode>,
  misdeeds: readonly Misdeed[],
  onLie: (name: Misdeed) => void
): MeshStarter {
  const { committee, domain } = chainFactsOf(loaded.genesis)
  const codec = replicaCodec(bullsharkCodec(domain, sha256), sha256)
  const self = committee.replicaOf(loaded.keys.peerId)
  if (self === undefined) throw new RangeError('only a member can lie to its committee')
  const others = [...committee.members.keys()].filter(place => place !== self)
  const peerAt = (place: number): PeerId => committee.peerOf(place as ReplicaId)
  const placeOf = (peer: PeerId): number | undefined => committee.replicaOf(peer)
  return async (options, needs, signal) => {
    let mesh: Mesh | undefined
    const queue = new EventQueue(performance.now())
    const deliver = ({ to, streamClass, message }: Letter<Message>): void => {
      mesh?.send(peerAt(to), streamClass, codec.encode(message))
    }
    const liar = new LyingPlace<Message, GossipMessage>(
      misdeeds.filter(misdeed => !isNoise(misdeed)),
      {
        place: self,
        self,
        committee,
        domain,
        hash: sha256,
        sign: loaded.keys.consensus.sign,
        prng: new Prng(randomInt(2 ** 32))
      },
      bullsharkOrderer(),
      { queue, isUp: () => mesh !== undefined, deliver, onLie }
    )
    const honest = needs.handlers
    const handlers: MeshHandlers = {
      ...honest,
      onFrame: (from, streamClass, frame) => {
        const place = placeOf(from)
        const message = place === undefined ? undefined : maybeMessage(() => codec.decode(frame))
        if (message !== undefined && liar.hears(place as number, message)) return
        return honest.onFrame(from, streamClass, frame)
      }
    }
    const real = await startMesh(options, { ...needs, handlers }, signal)
    mesh = real
    const noise = misdeeds.filter(isNoise)
    const ticking = setInterval(() => {
      const now = performance.now()
      while (queue.runNext(now));
      for (const kind of noise) makeNoise(kind, real, others.map(peerAt), onLie)
    }, tickMs)
    return {
      ...real,
      send: (to, streamClass, frame) => {
        const place = placeOf(to)
        if (place === undefined) return real.send(to, streamClass, frame)
        liar.outgoing({ to: place, streamClass, message: codec.decode(frame) })
        return true
      },
      [Symbol.asyncDispose]: async () => {
        clearInterval(ticking)
        mesh = undefined
        await real[Symbol.asyncDispose]()
      }
    }
  }
}

function makeNoise(
  kind: Noise,
  mesh: Mesh,
  peers: readonly PeerId[],
  onLie: (name: Misdeed) => void
): void {
  for (const peer of peers) {
    for (const streamClass of streamClasses) {
      for (let i = 0; i < noisePerTick; i++) {
        const frame = kind === 'largest' ? largest[streamClass] : randomBytes(nonsenseBytes)
        if (mesh.send(peer, streamClass, frame)) onLie(kind)
      }
    }
  }
}

const mib = 1024 * 1024
/** As large as members take them from each other; the mesh of an honest sender would not let more go. */
const largest = {
  order: randomBytes(mib),
  sync: randomBytes(8 * mib),
  bulk: randomBytes(4 * mib)
} as const

/** What others say may be wrong as well; the machine behind judges it. */
function maybeMessage(decode: () => Message): Message | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
