/**
 * How long a checkpoint holds up everything else: its longest step and its CPU, at once and in pieces between commits that
 * change keys all over the state.
 *
 * usage: node -C @novacron/source tools/checkpoint-steps.ts [--keys 500000] [--value-bytes 100] [--commit-puts 400] [--interval 2000]
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { CommitIndex, Digest, Epoch } from '@novacron/base'
import {
  Executor,
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  kvApplication,
  persistWrites,
  pieceWrites
} from '@novacron/execution'
import { defaultReplicaOptions } from '@novacron/replica'
import { quantileOf } from '../apps/daemon/src/bench/quantile.ts'
import { sha256 as hash } from '../packages/node/src/config/ed25519.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '500000' },
    'value-bytes': { type: 'string', default: '100' },
    'commit-puts': { type: 'string', default: '400' },
    interval: { type: 'string', default: '2000' }
  }
})
const [keyCount, valueBytes, commitPuts, interval] = [
  values.keys,
  values['value-bytes'],
  values['commit-puts'],
  values.interval
].map(Number) as [number, number, number, number]

const digest = '0'.repeat(64) as Digest
const epoch = 0 as Epoch
const executor = new Executor({ stateBytesMax: 1_000_000_000 }, { hash, chain: digest })
const keys = randomBytes(16 * keyCount)
let session = new Uint8Array()
let sequence = 0

function commit(...batches: Uint8Array[]): Uint8Array<ArrayBuffer> | undefined {
  const index = (executor.index + 1) as CommitIndex
  const { runs } = executor.execute({ index, digest, timestamp: 0, batches })
  return runs[0]?.value as Uint8Array<ArrayBuffer> | undefined
}

/** Puts of the keys with these numbers, as one batch. */
function puts(count: number, numberOf: (n: number) => number): Uint8Array {
  const value = new Uint8Array(randomBytes(valueBytes))
  const envelopes = Array.from({ length: count }, (_, n) => {
    const at = 16 * (numberOf(n) % keyCount)
    const payload = encodeKvOperation({ type: 'put', key: keys.subarray(at, at + 16), value })
    return encodeEnvelope({ application: kvApplication, session, sequence: ++sequence, payload })
  })
  return new Uint8Array(Buffer.concat(envelopes))
}

/** Milliseconds that passed and CPU milliseconds of each call. */
class Steps {
  readonly #took: number[] = []
  cpuMs = 0

  run<T>(work: () => T): T {
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    const result = work()
    this.#took.push(performance.now() - startedAt)
    const { user, system } = process.cpuUsage(cpu)
    this.cpuMs += (user + system) / 1_000
    return result
  }

  toString(): string {
    const sorted = this.#took.toSorted((a, b) => a - b)
    const at = (share: number) => quantileOf(sorted, share).toFixed(1)
    const steps = `${sorted.length} steps: median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms`
    return `${steps}; CPU ${this.cpuMs.toFixed(0)} ms`
  }
}

const randomPuts = () => puts(commitPuts, () => Math.floor(Math.random() * keyCount))

/** Keys of every bucket change. */
function change(): void {
  for (let done = 0; done < 60_000; done += commitPuts) commit(randomPuts())
}

session = commit(encodeSessionOpen({ nonce: new Uint8Array(16) })) ?? session
for (let done = 0; done < keyCount; done += 1_000) commit(puts(1_000, n => done + n))
executor.takeCheckpoint(epoch)
persistWrites(executor)
const megabytes = (executor.stateBytes / 1e6).toFixed(0)
console.log(`${keyCount} keys of 16 bytes, values of ${valueBytes}: ${megabytes} MB as charged`)

for (let round = 1; round <= 3; round++) {
  change()
  const atOnce = new Steps()
  atOnce.run(() => [executor.takeCheckpoint(epoch), persistWrites(executor)])
  console.log(`at once     ${atOnce}`)

  change()
  const [commits, pieces] = [new Steps(), new Steps()]
  const bytes = executor.bytesToSeal
  pieces.run(() => executor.beginCheckpoint(epoch))
  const { sealBytesMin, sealBytesMax } = defaultReplicaOptions
  const even = Math.ceil(bytes / Math.ceil(interval / 2))
  const pieceBytes = Math.min(Math.max(even, sealBytesMin), sealBytesMax)
  let formerMax = 0
  for (let isComplete = false; !isComplete; ) {
    const batch = randomPuts()
    commits.run(() => commit(batch))
    formerMax = Math.max(formerMax, executor.contents.state.tree.formerCount)
    isComplete = pieces.run(() => {
      const isLast = executor.sealPiece(pieceBytes) !== undefined
      if (isLast) persistWrites(executor)
      else pieceWrites(executor)
      return isLast
    })
  }
  console.log(`in pieces   ${pieces}, of about ${pieceBytes} bytes; values held twice ${formerMax}`)
  console.log(`  commits of ${commitPuts} puts between them  ${commits}`)
  const after = new Steps()
  for (let n = 0; n < 500; n++) {
    const batch = randomPuts()
    after.run(() => commit(batch))
  }
  console.log(`  commits without a checkpoint  ${after}`)
}
