/**
 * What running transactions costs, without ordering: CPU microseconds for each, by application.
 *
 * usage: node -C @novacron/source tools/executor-speed.ts [--keys 100000] [--commits 200] [--commit-transactions 1000]
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
  logApplication
} from '@novacron/execution'
import { sha256 } from '../packages/node/src/config/ed25519.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '100000' },
    commits: { type: 'string', default: '200' },
    'commit-transactions': { type: 'string', default: '1000' }
  }
})
const [keyCount, commitCount, commitTransactions] = [
  values.keys,
  values.commits,
  values['commit-transactions']
].map(Number) as [number, number, number]

const digest = '0'.repeat(64) as Digest
const hash = sha256

function measure(application: number, payloadOf: (transaction: number) => Uint8Array): void {
  const executor = new Executor({}, { hash, chain: digest })
  const opened = executor.execute({
    index: 1 as CommitIndex,
    digest,
    timestamp: 0,
    batches: [encodeSessionOpen({ nonce: new Uint8Array(16) })]
  })
  const session = opened.runs[0]?.value as Uint8Array
  let sequence = 0
  const regions = Array.from({ length: commitCount }, () => {
    const envelopes: Uint8Array[] = []
    for (let i = 0; i < commitTransactions; i++) {
      const payload = payloadOf(sequence++)
      envelopes.push(encodeEnvelope({ application, session, sequence, payload }))
    }
    return new Uint8Array(Buffer.concat(envelopes))
  })
  let [applied, runs] = [0, 0]
  const runMicros = cpuOf(() => {
    for (const [at, region] of regions.entries()) {
      const index = (at + 2) as CommitIndex
      const outcome = executor.execute({ index, digest, timestamp: 0, batches: [region] })
      applied += outcome.applied
      runs += outcome.runs.length
    }
  })
  const sealMicros = cpuOf(() => executor.takeCheckpoint(0 as Epoch))
  const name = application === kvApplication ? 'kv put' : 'log'
  const each = `${(runMicros / applied).toFixed(2)} us each`
  const seal = `checkpoint ${(sealMicros / 1_000).toFixed(0)} ms`
  console.log(`${name}: ${each}, ${applied} applied in ${runs} runs, ${seal}`)
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

const keys = Array.from({ length: keyCount }, () => new Uint8Array(randomBytes(16)))
const value = new Uint8Array(randomBytes(100))
const bytes = new Uint8Array(randomBytes(100))
measure(logApplication, () => bytes)
measure(kvApplication, n =>
  encodeKvOperation({ type: 'put', key: keys[n % keyCount] as Uint8Array, value })
)
