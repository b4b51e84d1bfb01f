/**
 * What carrying batches between two nodes costs: CPU milliseconds for each megabyte at the sender and at the receiver, over
 * libp2p streams and over direct sockets; and how long small frames on `order` take meanwhile, there and back.
 *
 * usage: node -C @novacron/source tools/transport-speed.ts [--megabytes 1000] [--frame-bytes 500000] [--plane both|libp2p|direct]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { PeerId } from '@novacron/base'
import {
  defaultMeshOptions,
  type Mesh,
  type MeshHandlers,
  type MeshMember,
  type Plane,
  peerIdOfSeed,
  startMesh
} from '@novacron/transport'

const seeds = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const
const [receiver, sender] = seeds.map(peerIdOfSeed) as [PeerId, PeerId]
const probeIntervalMs = 5
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    'frame-bytes': { type: 'string', default: '500000' },
    plane: { type: 'string', default: 'both' },
    role: { type: 'string' }
  }
})
const frameBytes = Number(values['frame-bytes'])
const frames = Math.ceil((Number(values.megabytes) * 1e6) / frameBytes)

interface Cost {
  readonly cpuMsPerMegabyte: number
  readonly megabytesPerSecond: number
  readonly roundTripMs: readonly number[]
}

async function start(
  plane: Plane,
  place: 0 | 1,
  members: readonly MeshMember[],
  handlers: Partial<MeshHandlers>
): Promise<Mesh> {
  const direct = { ...defaultMeshOptions.direct, enabled: plane === 'direct' }
  return await startMesh(
    { ...defaultMeshOptions, chain: 'c0ffee'.padEnd(64, '0'), direct },
    {
      privateKeySeed: seeds[place],
      members,
      handlers: { onFrame: () => {}, onPeer: () => {}, onGossip: () => 'ignore', ...handlers }
    },
    new AbortController().signal
  )
}

/** CPU and wall time since now, in milliseconds. */
function clock(): () => { readonly cpuMs: number; readonly wallMs: number } {
  const [cpu, at] = [process.cpuUsage(), performance.now()]
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { cpuMs: (user + system) / 1_000, wallMs: performance.now() - at }
  }
}

async function receive(plane: Plane): Promise<void> {
  const members = [
    { peer: receiver, addresses: [] },
    { peer: sender, addresses: [] }
  ]
  let since = clock()
  let received = 0
  const mesh = await start(plane, 0, members, {
    onFrame: (from, streamClass, frame) => {
      if (streamClass === 'order') mesh.send(from, 'order', frame)
      else if (received++ === 0) since = clock()
      else if (received === frames) process.send?.({ cpuMs: since().cpuMs })
    }
  })
  process.send?.({ addresses: mesh.addresses() })
  await new Promise(resolve => process.once('disconnect', resolve))
  await mesh[Symbol.asyncDispose]()
}

async function send(plane: Plane, child: ChildProcess): Promise<void> {
  const { addresses } = (await messageOf(child)) as { addresses: string[] }
  const members = [
    { peer: receiver, addresses },
    { peer: sender, addresses: [] }
  ]
  const roundTripMs: number[] = []
  await using mesh = await start(plane, 1, members, {
    onFrame: (_from, _streamClass, frame) => {
      roundTripMs.push(
        performance.now() - new DataView(frame.buffer, frame.byteOffset).getFloat64(0)
      )
    }
  })
  while (mesh.peers()[0]?.plane !== plane) await new Promise(resolve => setTimeout(resolve, 10))
  const probe = setInterval(() => {
    const frame = new Uint8Array(200)
    new DataView(frame.buffer).setFloat64(0, performance.now())
    mesh.send(receiver, 'order', frame)
  }, probeIntervalMs)
  const frame = new Uint8Array(randomBytes(frameBytes))
  const since = clock()
  const done = messageOf(child)
  for (let sent = 0; sent < frames; ) {
    const queued = mesh.peers()[0]?.queuedBytes.bulk ?? 0
    // A queue that is never empty and never full.
    const room = Math.ceil((8e6 - queued) / frameBytes)
    for (let i = 0; i < room && sent < frames; i++) {
      if (mesh.send(receiver, 'bulk', frame)) sent += 1
    }
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  const { cpuMs } = (await done) as { cpuMs: number }
  const { cpuMs: ownMs, wallMs } = since()
  clearInterval(probe)
  const megabytes = (frames * frameBytes) / 1e6
  const cost = (ms: number): Cost => {
    return {
      cpuMsPerMegabyte: ms / megabytes,
      megabytesPerSecond: (megabytes / wallMs) * 1e3,
      roundTripMs
    }
  }
  print(plane, cost(ownMs), cost(cpuMs))
}

function print(plane: Plane, atSender: Cost, atReceiver: Cost): void {
  const trips = [...atSender.roundTripMs].sort((a, b) => a - b)
  const at = (share: number): string => (trips[Math.floor(trips.length * share)] ?? 0).toFixed(1)
  process.stdout.write(
    `${plane.padEnd(6)}  CPU ms/MB: sender ${atSender.cpuMsPerMegabyte.toFixed(2)}, ` +
      `receiver ${atReceiver.cpuMsPerMegabyte.toFixed(2)}; ` +
      `${atSender.megabytesPerSecond.toFixed(0)} MB/s; ` +
      `order round trip ms: p50 ${at(0.5)}, p99 ${at(0.99)}\n`
  )
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', code => reject(new Error(`receiver ended with ${code}`)))
  })
}

if (values.role !== undefined) await receive(values.role as Plane)
else {
  const planes: readonly Plane[] = ['libp2p', 'direct']
  for (const plane of planes.filter(one => values.plane === 'both' || values.plane === one)) {
    const child = fork(import.meta.filename, ['--role', plane, ...process.argv.slice(2)], {
      execArgv: process.execArgv
    })
    await send(plane, child)
    child.disconnect()
    await new Promise(resolve => child.once('exit', resolve))
  }
}
