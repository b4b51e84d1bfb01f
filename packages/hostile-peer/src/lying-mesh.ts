import {
  Fault,
  type PeerId,
  Prng,
  type ReplicaId,
  type StreamClass,
  streamClasses
} from '@novacron/base'
import { type BullsharkMessage, bullsharkCodec } from '@novacron/consensus'
import { chainFactsOf, type loadNode, type MeshStarter, sha256 } from '@novacron/node'
import { type GossipMessage, type ReplicaMessage, replicaCodec } from '@novacron/replica'
import { bullsharkOrderer, EventQueue, type Letter, LyingPlace } from '@novacron/simulator'
import { type Mesh, type MeshHandlers, startMesh } from '@novacron/transport'
import { isNoise, type Misdeed } from './misdeed.ts'
import { NoiseSource } from './noise-source.ts'

type Message = ReplicaMessage<BullsharkMessage>

/** How often held letters are looked through, and noise is made. */
const tickMs = 10
const noisePerTick = 5

export interface LyingMeshNeeds {
  /** An unsigned integer; what is drawn follows from it. */
  readonly seed: number
  /** Told of each lie, by its name. */
  onLie(name: Misdeed): void
  /** While it is not true, everything goes through as it is. */
  isLying(): boolean
}

/** Starts a mesh that lies for the node in `loaded`: whatever its machine sends or hears goes through the liars. */
export function lyingMesh(
  loaded: ReturnType<typeof loadNode>,
  misdeeds: readonly Misdeed[],
  { seed, onLie, isLying }: LyingMeshNeeds
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
    const prng = new Prng(seed)
    const noise = new NoiseSource(prng.fork())
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
        prng: prng.fork()
      },
      bullsharkOrderer(),
      { queue, isUp: () => mesh !== undefined && isLying(), deliver, onLie }
    )
    const honest = needs.handlers
    const handlers: MeshHandlers = {
      ...honest,
      onFrame: (from, streamClass, frame) => {
        const place = isLying() ? placeOf(from) : undefined
        const message = place === undefined ? undefined : maybeMessage(() => codec.decode(frame))
        if (message !== undefined && liar.hears(place as number, message)) return
        return honest.onFrame(from, streamClass, frame)
      }
    }
    const real = await startMesh(options, { ...needs, handlers }, signal)
    mesh = real
    const kinds = misdeeds.filter(isNoise)
    const ticking = setInterval(() => {
      const now = performance.now()
      while (queue.runNext(now));
      if (!isLying()) return
      for (const kind of kinds)
        makeNoise(real, others.map(peerAt), noise.of(kind), () => onLie(kind))
    }, tickMs)
    return {
      ...real,
      send: (to, streamClass, frame) => {
        const place = isLying() ? placeOf(to) : undefined
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
  mesh: Mesh,
  peers: readonly PeerId[],
  frameFor: (streamClass: StreamClass) => Uint8Array,
  onSent: () => void
): void {
  for (const peer of peers) {
    for (const streamClass of streamClasses) {
      for (let i = 0; i < noisePerTick; i++) {
        if (mesh.send(peer, streamClass, frameFor(streamClass))) onSent()
      }
    }
  }
}

/** What others say may be wrong as well; the machine behind judges it. */
function maybeMessage(decode: () => Message): Message | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
