import { ascii, emptyBytes } from '@novacron/base'
import {
  BucketTree,
  decodeExecuted,
  encodeExecuted,
  executionTables,
  rowKeys
} from '@novacron/execution'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/config/ed25519.ts'
import type { Control } from '../../src/control/control.ts'
import { openStore } from '../../src/store/level-store.ts'
import { executed, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'

const cluster = { checkpointIntervalCommits: 10 }
const never = new AbortController().signal

/** Changes one value of the replicated state on disk; with new roots too, the state is wrong and looks whole. */
async function tamper(directory: string, value: string, hasNewRoots: boolean): Promise<void> {
  const { store } = await openStore({ directory })
  const row = await store.get(executionTables.executed, emptyBytes)
  const executed = decodeExecuted(row as Uint8Array)
  const tree = new BucketTree(sha256)
  for (const { table, key } of rowKeys(executed)) {
    if (key[0] !== 0) continue
    const bytes = ((await store.get(table, key)) as Uint8Array).slice()
    const at = Buffer.from(bytes).indexOf(ascii(value))
    if (at >= 0) {
      bytes[at] = (bytes[at] as number) ^ 1
      store.write([{ type: 'put', table, key, value: bytes }])
    }
    tree.load([[((key[1] as number) << 8) | (key[2] as number), bytes]])
  }
  if (hasNewRoots) {
    const { checkpoint } = executed
    const stateRoot = tree.image().root
    expect(stateRoot).not.toBe(checkpoint.stateRoot)
    const value = encodeExecuted({ ...executed, checkpoint: { ...checkpoint, stateRoot } })
    store.write([{ type: 'put', table: executionTables.executed, key: emptyBytes, value }])
  }
  await store.flush()
  await store[Symbol.asyncDispose]()
}

/** Each is in a commit of its own, so the log grows faster than an idle one does. */
async function putSome(control: Control, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await put(control, 'b', `${i}`)
}

/** Four nodes past a checkpoint that holds the value; the fourth is stopped. */
async function withCheckpoint(made: TestCluster): Promise<void> {
  const nodes = await made.startAll()
  const index = await put(nodes[0] as (typeof nodes)[0], 'a', 'the true value')
  await putSome(nodes[0] as (typeof nodes)[0], 12)
  await Promise.all(nodes.map(node => executed(node, index + 12)))
  await expect.poll(() => nodes[3]?.status().checkpointIndex ?? 0).toBeGreaterThanOrEqual(index)
  await made.stop(4)
}

test('a damaged row of the state ends the start with a clear failure', async () => {
  await using made = await TestCluster.make({ cluster })
  await withCheckpoint(made)
  await tamper(made.directory(4), 'the true value', false)
  await made.start(4)
  const reason = await made.node(4).stopped
  expect(reason).toMatchObject({
    type: 'failed',
    error: { facts: { code: 'damaged-state', what: 'state root' } }
  })
  expect(made.node(4).control.status().state).toBe('starting')
  await made.stop(4)
  expect(made.logOf(4).find(line => line.event === 'failed')).toMatchObject({
    error: { code: 'damaged-state' }
  })
})

test('a node whose state is not what a quorum signed says so and signs no more', async () => {
  await using made = await TestCluster.make({ cluster })
  await withCheckpoint(made)
  await tamper(made.directory(4), 'the true value', true)
  const control = await made.start(4)
  await expect.poll(() => control.status().state).toBe('diverged')
  expect(control.status().reasons.join()).toMatch(/the state after commit \d+ is not what a quorum/)
  const first = made.node(1).control
  // What it signed before it noticed may still come in.
  await putSome(first, 5)
  const round = first.consensusStatus().members[3]?.round ?? 0
  await putSome(first, 20)
  expect(first.consensusStatus().members[3]?.round).toBeLessThanOrEqual(round)
  expect(first.status().round).toBeGreaterThan(round + 15)
  const request = {
    application: 'log',
    payload: emptyBytes,
    wait: 'none',
    timeoutMs: 1_000
  } as const
  await expect(control.submit(request, never)).rejects.toMatchObject({
    facts: { code: 'not-ready', state: 'diverged' }
  })
  expect(control.offer(new Uint8Array(60), 1).accepted).toBe(false)
})
