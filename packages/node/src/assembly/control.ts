import { performance } from 'node:perf_hooks'
import type { BatchReader } from '@novacron/base'
import { kvApplication, logApplication, membershipApplication } from '@novacron/execution'
import type { Replica } from '@novacron/replica'
import type { Mesh } from '@novacron/transport'
import { apiFault } from '../api/faults.ts'
import type { LogLevelChange } from '../api/node-control.ts'
import type { NodeSockets } from '../api/node-report.ts'
import { sha256 } from '../config/ed25519.ts'
import type { LoadedNode } from '../config/init.ts'
import { Control } from '../control/control.ts'
import type { DagSource } from '../control/dag-window.ts'
import { Intake } from '../control/intake.ts'
import { LogReader } from '../control/log-reader.ts'
import { Receipts } from '../control/receipts.ts'
import { Submissions } from '../control/submissions.ts'
import type { Store } from '../store/store.ts'
import { softwareVersion } from '../version.ts'
import type { ChainFacts } from './replica-settings.ts'

export interface ControlParts {
  readonly loaded: LoadedNode
  readonly facts: ChainFacts
  readonly replica: Replica<unknown>
  readonly dag: DagSource
  readonly store: Store
  readonly batches: BatchReader
  readonly mesh: Pick<Mesh, 'peers'>
  readonly sockets: () => NodeSockets
  readonly setLogLevel: (change: LogLevelChange) => void
  readonly stop: () => void
  readonly submit: (region: Uint8Array, count: number) => void
  readonly onRefused: (count: number) => void
}

/** Clients that may wait for a commit over the control API. */
const waitersMax = 10_000
const busyRetryMs = 50
/** Commits of `bullshark` that a node may be behind and still call itself running. */
const commitsBehindMax = 20

const applicationNames: ReadonlyMap<number, string> = new Map([
  [0, 'session'],
  [logApplication, 'log'],
  [kvApplication, 'kv'],
  [membershipApplication, 'membership']
])

export function makeControl(parts: ControlParts): Control {
  const { loaded, facts, replica } = parts
  const { transactionBytesMax } = loaded.genesis.cluster
  const receipts = new Receipts(waitersMax)
  const intake = new Intake({ submit: parts.submit, defer: setImmediate })
  const admits = (bytes: number): boolean => replica.admits(bytes, intake.bytes)
  const submit = (region: Uint8Array, count: number): void => intake.add(region, count)
  const offer = (region: Uint8Array, count: number): void => {
    if (!admits(region.length)) {
      parts.onRefused(count)
      throw apiFault({ code: 'busy', retryAfterMs: busyRetryMs })
    }
    submit(region, count)
  }
  return new Control(
    {
      name: loaded.options.name,
      self: loaded.keys.peerId,
      chain: facts.domain.chain,
      chainName: loaded.genesis.chainName,
      version: softwareVersion,
      committee: facts.committee,
      names: facts.names,
      commitsBehindMax: commitsBehindMax * facts.commitFactor
    },
    {
      ...parts,
      admits,
      submit,
      receipts,
      submissions: new Submissions({
        receipts,
        transactionBytesMax,
        offer,
        hasSession: session => replica.executor.session(session) !== undefined
      }),
      reader: new LogReader({
        store: parts.store,
        batches: parts.batches,
        domain: facts.domain,
        hash: sha256,
        transactionBytesMax,
        applicationNames,
        executedIndex: () => replica.executor.index,
        retainedFrom: () => replica.retainedFrom
      }),
      startedAtMs: performance.now(),
      nowMs: () => performance.now()
    }
  )
}
