import { ascii, type CommitIndex, type Digest, type PeerId } from '@novacron/base'
import type { Bullshark, BullsharkMessage } from '@novacron/consensus'
import type { ExecutedRun } from '@novacron/execution'
import type { Replica, ReplicaStatus } from '@novacron/replica'
import type { PeerStatus } from '@novacron/transport'
import { describe, expect, test } from 'vitest'
import { type DagRound, lacksQuorum } from '../../src/api/node-report.ts'
import { Control, type ControlNeeds } from '../../src/control/control.ts'
import type { LogReader } from '../../src/control/log-reader.ts'
import { Receipts } from '../../src/control/receipts.ts'
import { Submissions } from '../../src/control/submissions.ts'
import type { Executed } from '../../src/driver/driver.ts'
import type { CommittedRun } from '../../src/ingest/sink.ts'
import { digestOfText, executedCommit, run, sessionOf } from './commits.ts'
import { committee, peers, sketchOf } from './dag-sketch.ts'

const never = new AbortController().signal
const stranger = 'peer-9' as PeerId
const head = digestOfText('head')

type Settable<T> = { -readonly [K in keyof T]: T[K] }

/** A control over a replica that is in whatever state the test says. */
function controlled(self: PeerId = peers[0] as PeerId) {
  const orderer: Settable<ReplicaStatus['orderer']> = {
    protocol: 'bullshark',
    epoch: 0 as never,
    round: 8,
    lastIndex: 40 as CommitIndex,
    lastDigest: head,
    phase: 'running',
    reasons: ['a reason of the orderer']
  }
  const status: Settable<ReplicaStatus> = {
    state: 'running',
    orderer,
    executedIndex: 40 as CommitIndex,
    executedDigest: head,
    checkpointIndex: 20 as CommitIndex,
    retainedFrom: 1 as CommitIndex,
    pendingBytes: 0,
    evidenceCount: 0,
    reasons: ['a reason']
  }
  const kv = ['a', 'b', 'c'].map((key, i) => ({
    key: ascii(key),
    value: ascii(key),
    version: i + 1
  }))
  const executor = {
    index: 40,
    images: [] as { checkpoint: { index: number; stateRoot: Digest; sessionRoot: Digest } }[],
    kvGet: (key: Uint8Array) => kv.find(item => Buffer.compare(item.key, key) === 0),
    kvList: (_prefix: Uint8Array, after: Uint8Array | undefined, limit: number) =>
      kv.filter(item => after === undefined || Buffer.compare(item.key, after) > 0).slice(0, limit),
    session: (name: string) =>
      name === sessionOf('client')
        ? { check: (sequence: number) => (sequence <= 5 ? 'duplicate' : 'ok') }
        : undefined
  }
  const admitted = { is: true }
  const clock = { nowMs: 3_500.4 }
  const replica = { status: () => status, executor }
  const sketch = sketchOf({ rounds: 8, lastAnchorRound: 4 })
  const meshPeers: PeerStatus[] = []
  const calls: unknown[][] = []
  const receipts = new Receipts(10)
  const needs: ControlNeeds = {
    replica: replica as unknown as Replica<BullsharkMessage>,
    dag: sketch as unknown as Bullshark,
    mesh: { peers: () => meshPeers },
    receipts,
    submissions: new Submissions({
      receipts,
      transactionBytesMax: 100,
      offer: region => void calls.push(['offer', region.length]),
      hasSession: () => true
    }),
    reader: {
      range: async (range: unknown) => ({ entries: [], next: range, lowest: 1 }),
      commits: async () => ({ commits: [], next: 1, lowest: 1 })
    } as unknown as LogReader,
    sockets: () => ({ control: '/run/control.sock' }),
    setLogLevel: change => void calls.push(['level', change.level]),
    stop: () => void calls.push(['stop']),
    admits: () => admitted.is,
    submit: (region, count) => void calls.push(['submit', region.length, count]),
    onRefused: count => void calls.push(['refused', count]),
    startedAtMs: 1_000,
    nowMs: () => clock.nowMs
  }
  const control = new Control(
    {
      name: 'one',
      self,
      chain: 'ab'.repeat(32) as Digest,
      chainName: 'test',
      version: '0.0.0',
      committee,
      names: new Map([[peers[1] as PeerId, 'two']]),
      commitsBehindMax: 20
    },
    needs
  )
  return { control, status, orderer, executor, admitted, clock, sketch, meshPeers, calls, receipts }
}

function executed(index: number, runs: readonly ExecutedRun[] = []): Executed {
  return { type: 'executed', outcome: executedCommit(index, runs) } as unknown as Executed
}

describe('status', () => {
  test('says who, where and how far', () => {
    const { control, executor, meshPeers } = controlled()
    meshPeers.push(peerStatus({ state: 'connected' }), peerStatus({ state: 'connecting' }))
    const before = control.status()
    expect(before).toEqual({
      name: 'one',
      peer: 'peer-1',
      chain: 'ab'.repeat(32),
      chainName: 'test',
      role: 'member',
      version: '0.0.0',
      protocol: 'bullshark',
      epoch: 0,
      round: 8,
      committedIndex: 40,
      executedIndex: 40,
      checkpointIndex: 20,
      head: { index: 40, digest: head },
      state: 'running',
      reasons: ['a reason'],
      peersConnected: 1,
      uptimeMs: 2_500,
      sockets: { control: '/run/control.sock' }
    })
    const roots = { index: 40, stateRoot: head, sessionRoot: head }
    executor.images.push({ checkpoint: roots })
    expect(control.status().roots).toEqual(roots)
  })

  const states: readonly [string, Partial<ReplicaStatus>, Partial<ReplicaStatus['orderer']>][] = [
    ['starting', { state: 'restoring' }, {}],
    ['diverged', { state: 'diverged' }, { phase: 'held' }],
    ['disk-full', { state: 'disk-full' }, { phase: 'held' }],
    ['recovering', {}, { phase: 'recovering' }],
    ['running', {}, { lastIndex: 60 as CommitIndex }],
    ['catching-up', {}, { lastIndex: 61 as CommitIndex }],
    ['running', {}, { knownIndex: 60 as CommitIndex }],
    ['catching-up', {}, { knownIndex: 61 as CommitIndex }]
  ]
  test.each(states)('%s follows from %o and %o', (state, changes, ordererChanges) => {
    const { control, status, orderer } = controlled()
    Object.assign(status, changes)
    Object.assign(orderer, ordererChanges)
    expect(control.status().state).toBe(state)
  })

  test('names members where the machines name peers, and knows a missing quorum', () => {
    const { control, status, orderer } = controlled()
    expect(lacksQuorum(control.status())).toBe(false)
    const reason = `no quorum: not connected to ${peers[1]}, ${peers[2]}`
    status.reasons = [reason, `waiting for own last round from ${peers[1]}`]
    orderer.reasons = [reason]
    const named = `no quorum: not connected to two, ${peers[2]}`
    expect(control.status().reasons).toEqual([named, 'waiting for own last round from two'])
    expect(control.consensusStatus().reasons).toEqual([named])
    expect(lacksQuorum(control.status())).toBe(true)
  })

  test('of the consensus names the members, and how far each is seen', () => {
    const { control } = controlled()
    expect(control.consensusStatus()).toMatchObject({
      committedRound: 4,
      quorumWeight: 3,
      totalWeight: 4,
      members: [
        { replica: 0, peer: 'peer-1', weight: 1, round: 8 },
        { replica: 1, name: 'two' },
        { replica: 2 },
        { replica: 3 }
      ],
      reasons: ['a reason of the orderer']
    })
    expect(control.consensusStatus().members[0]).not.toHaveProperty('name')
  })

  test('of the peers leaves out what is not known', () => {
    const { control, meshPeers } = controlled()
    const queuedBytes = { order: 1, sync: 20, bulk: 300 }
    meshPeers.push(
      peerStatus({
        peer: peers[1] as PeerId,
        queuedBytes,
        rttMs: 4,
        plane: 'direct',
        encryption: 'tls'
      }),
      peerStatus({ peer: stranger, member: false })
    )
    const [known, unknown] = control.peers()
    expect(known).toEqual({
      peer: 'peer-2',
      name: 'two',
      member: true,
      state: 'connected',
      addresses: [],
      rttMs: 4,
      queuedBytes: 321,
      sentBytes: 5,
      receivedBytes: 6,
      plane: 'direct',
      encryption: 'tls'
    })
    expect(Object.keys(unknown ?? {})).toEqual([
      'peer',
      'member',
      'state',
      'addresses',
      'queuedBytes',
      'sentBytes',
      'receivedBytes'
    ])
  })
})

describe('transactions', () => {
  const request = {
    application: 'log',
    payload: ascii('x'),
    session: sessionOf('client'),
    sequence: 6,
    wait: 'none',
    timeoutMs: 1_000
  } as const
  const open = { wait: 'committed', timeoutMs: 1_000 } as const

  test('are taken by a member that runs, catches up or recovers', async () => {
    const { control, orderer, calls } = controlled()
    await control.submit(request, never)
    orderer.phase = 'recovering'
    await control.submit(request, never)
    expect(calls).toHaveLength(2)
    expect(control.offer(new Uint8Array(60), 3)).toEqual({ accepted: true })
    expect(calls.at(-1)).toEqual(['submit', 60, 3])
    const opening = control.openSession({ ...open, timeoutMs: 1 }, never)
    await expect(opening).rejects.toMatchObject({ facts: { code: 'timeout' } })
  })

  test.each(['restoring', 'diverged', 'disk-full'] as const)(
    'are refused while %s',
    async state => {
      const { control, status, calls } = controlled()
      status.state = state
      const facts = { code: 'not-ready', state: state === 'restoring' ? 'starting' : state }
      await expect(control.submit(request, never)).rejects.toMatchObject({ facts })
      await expect(control.openSession(open, never)).rejects.toMatchObject({ facts })
      expect(control.offer(new Uint8Array(60), 3)).toMatchObject({ accepted: false })
      expect(calls).toEqual([['refused', 3]])
    }
  )

  test('of the ingest socket are refused soon after the state has changed', () => {
    const { control, status, clock } = controlled()
    expect(control.offer(new Uint8Array(60), 1).accepted).toBe(true)
    status.state = 'diverged'
    clock.nowMs += 20
    expect(control.offer(new Uint8Array(60), 1).accepted).toBe(false)
    status.state = 'running'
    clock.nowMs += 20
    expect(control.offer(new Uint8Array(60), 1).accepted).toBe(true)
    control.stop()
    expect(control.offer(new Uint8Array(60), 1).accepted).toBe(false)
  })

  test('are refused by an observer, and by a node that stops', async () => {
    const observer = controlled(stranger)
    expect(observer.control.status().role).toBe('observer')
    await expect(observer.control.submit(request, never)).rejects.toMatchObject({
      facts: { code: 'not-ready', state: 'observer' }
    })
    expect(observer.control.offer(new Uint8Array(60), 1).accepted).toBe(false)
    const { control, calls } = controlled()
    control.stop()
    expect(calls).toEqual([['stop']])
    expect(control.status().state).toBe('stopping')
    await expect(control.submit(request, never)).rejects.toMatchObject({
      facts: { code: 'not-ready', state: 'stopping' }
    })
  })

  test('wait while the node has no room', () => {
    const { control, admitted } = controlled()
    admitted.is = false
    const { accepted, retryAfterMs } = control.offer(new Uint8Array(60), 1)
    expect(accepted).toBe(false)
    expect(retryAfterMs).toBeGreaterThan(0)
  })

  test('have a status: lately run, run long ago, or never seen', async () => {
    const { control, receipts } = controlled()
    const session = sessionOf('client')
    receipts.onExecuted(executedCommit(9, [run(session, 4, 4, { code: 'malformed' })]))
    expect(await control.transactionStatus({ session, sequence: 4 })).toEqual({
      session,
      sequence: 4,
      state: 'committed',
      index: 9,
      ordinal: 0,
      code: 'malformed'
    })
    const stateOf = async (name: string, sequence: number) =>
      (await control.transactionStatus({ session: sessionOf(name), sequence })).state
    expect(await stateOf('client', 5)).toBe('committed')
    expect(await stateOf('client', 6)).toBe('unknown')
    expect(await stateOf('nobody', 1)).toBe('unknown')
  })
})

describe('reading', () => {
  test('of keys says at which commit the answer holds', async () => {
    const { control } = controlled()
    expect(await control.kvGet(ascii('b'))).toEqual({ value: ascii('b'), version: 2, index: 40 })
    expect(await control.kvGet(ascii('z'))).toEqual({ version: 0, index: 40 })
    const two = await control.kvList({ prefix: ascii(''), limit: 2 })
    expect(two.entries.map(entry => entry.version)).toEqual([1, 2])
    expect(two.more).toBe(true)
    const rest = await control.kvList({ prefix: ascii(''), after: ascii('a'), limit: 2 })
    expect(rest).toMatchObject({
      entries: [{ version: 2 }, { version: 3 }],
      more: false,
      index: 40
    })
  })

  test('of log, commits, DAG and level goes to those who know', async () => {
    const { control, calls } = controlled()
    const from = { index: 3, ordinal: 1 }
    expect(await control.logRange({ from, limit: 1 })).toMatchObject({ next: { from } })
    expect(await control.commits({ from: 1, limit: 1 })).toEqual({
      commits: [],
      next: 1,
      lowest: 1
    })
    const rounds = await control.dag({ fromRound: 2, toRound: 3 })
    expect(rounds.map(round => round.round)).toEqual([2, 3])
    control.setLogLevel({ level: 'debug' })
    expect(calls).toEqual([['level', 'debug']])
  })
})

describe('what was executed', () => {
  test('is told to those who wait, to the ingest socket, and to subscribers', async () => {
    const { control, receipts } = controlled()
    const session = sessionOf('client')
    const waiting = receipts.wait(session, 2, never)
    const heard: CommittedRun[] = []
    const commits: unknown[] = []
    const unlisten = control.onCommitted(runs => heard.push(...runs))
    const unsubscribe = control.subscribe('log.committed', commit => commits.push(commit))
    const opened = run('0'.repeat(32), 0, 0, { openDigest: head })
    const outcome = executed(7, [
      opened,
      run(session, 1, 3),
      run(session, 4, 4, { code: 'duplicate' })
    ])
    control.onExecuted(outcome)
    expect(await waiting).toMatchObject({ index: 7 })
    expect(heard).toEqual([
      { session, first: 1, last: 3, index: 7, code: 0 },
      { session, first: 4, last: 4, index: 7, code: 1 }
    ])
    expect(commits).toEqual([{ index: 7, digest: outcome.outcome.digest }])
    unlisten()
    unsubscribe()
    control.onExecuted(executed(8, [run(session, 5, 5)]))
    expect(heard).toHaveLength(2)
    expect(commits).toHaveLength(1)
  })

  test('brings the new rounds, and those again that were not decided', () => {
    const { control, sketch } = controlled()
    control.onExecuted(executed(1))
    const told: DagRound[] = []
    const take = () => told.splice(0).map(round => [round.round, round.anchor?.state])
    control.subscribe('consensus.rounds', round => told.push(round))
    control.onExecuted(executed(2))
    expect(take()).toEqual([
      [5, undefined],
      [6, 'undecided'],
      [7, undefined],
      [8, 'undecided']
    ])
    sketch.lastAnchorRound = 8 as never
    sketch.dag.markCommitted(sketch.at(6, 1))
    control.onExecuted(executed(3))
    expect(take().slice(0, 2)).toEqual([
      [5, undefined],
      [6, 'committed']
    ])
    control.onExecuted(executed(4))
    expect(take()).toEqual([])
  })
})

function peerStatus(changes: Partial<PeerStatus>): PeerStatus {
  const bytes = { order: 0, sync: 0, bulk: 0 }
  return {
    peer: peers[2] as PeerId,
    member: true,
    state: 'connected',
    addresses: [],
    queuedBytes: bytes,
    inFlightBytes: bytes,
    pendingBytes: bytes,
    sentBytes: 5,
    receivedBytes: 6,
    directSentBytes: 0,
    directReceivedBytes: 0,
    penaltyPoints: 0,
    ...changes
  }
}
