import { apiFault } from '../../src/api/faults.ts'
import type {
  KvListRequest,
  LogEntry,
  LogLevelChange,
  LogPage,
  LogRange,
  NodeControl,
  SubmitRequest,
  Topic,
  TopicValue
} from '../../src/api/node-control.ts'
import type { DagRound, DagWindow } from '../../src/api/node-report.ts'

export const digestOf = (n: number): string => n.toString(16).padStart(64, '0')
export const fakeSession = 'ab'.repeat(16)
const encoder = new TextEncoder()

type Listener = (value: never) => void

/** A node in memory: every submitted log payload is a commit of its own, unless `commit` is called with more. */
export class FakeNode implements NodeControl {
  readonly log: LogEntry[] = []
  readonly kv = new Map<string, { value: Uint8Array; version: number }>()
  readonly levels: LogLevelChange[] = []
  readonly submitted: SubmitRequest[] = []
  readonly listeners = new Map<Topic, Set<Listener>>()
  lowest = 1
  executedIndex = 0
  stops = 0
  logReads = 0
  /** Replaces `submit`, to wait or fail. */
  onSubmit: ((request: SubmitRequest, signal: AbortSignal) => Promise<void>) | undefined

  status = (): ReturnType<NodeControl['status']> => ({
    name: 'node-1',
    peer: '12D3KooWFake',
    chain: digestOf(7),
    chainName: 'test',
    role: 'member',
    version: '0.1.0',
    protocol: 'bullshark',
    epoch: 0,
    round: 12,
    committedIndex: this.executedIndex,
    executedIndex: this.executedIndex,
    checkpointIndex: 0,
    head: { index: this.executedIndex, digest: digestOf(this.executedIndex) },
    state: 'running',
    reasons: ['no vertex from node-3 since round 9'],
    peersConnected: 3,
    uptimeMs: 1234.5,
    sockets: {
      control: 'control.sock',
      ingest: 'i',
      health: 'http://127.0.0.1:1',
      controlTcp: 'x'
    },
    tier: 1
  })

  peers = (): ReturnType<NodeControl['peers']> => [
    {
      peer: '12D3KooWOther',
      name: 'node-2',
      member: true,
      state: 'connected',
      addresses: ['/ip4/127.0.0.1/tcp/1'],
      rttMs: 0.4,
      queuedBytes: 0,
      sentBytes: 10,
      receivedBytes: 20,
      plane: 'direct',
      encryption: 'tls'
    },
    {
      peer: '12D3KooWThird',
      member: false,
      state: 'connecting',
      addresses: [],
      queuedBytes: 0,
      sentBytes: 0,
      receivedBytes: 0
    }
  ]

  stop = (): void => {
    this.stops += 1
  }

  consensusStatus = (): ReturnType<NodeControl['consensusStatus']> => ({
    protocol: 'bullshark',
    epoch: 0,
    round: 12,
    committedIndex: 3,
    committedRound: 10,
    quorumWeight: 3,
    totalWeight: 4,
    members: [
      { replica: 0, peer: 'p0', name: 'node-1', weight: 1, round: 12 },
      { replica: 1, peer: 'p1', weight: 1, round: 0 }
    ],
    reasons: []
  })

  async dag({ fromRound, toRound }: DagWindow): Promise<readonly DagRound[]> {
    const rounds: DagRound[] = []
    for (let round = fromRound; round <= toRound; round++) rounds.push(this.round(round))
    return rounds
  }

  round(round: number): DagRound {
    return {
      round,
      vertices: [
        {
          author: 0,
          digest: digestOf(round),
          parents: [digestOf(Math.max(0, round - 1))],
          batches: 1,
          transactions: 5,
          committedIndex: 1
        },
        { author: 1, digest: digestOf(round + 1000), parents: [], batches: 0 }
      ],
      anchor: { author: 0, digest: digestOf(round), state: 'committed' }
    }
  }

  async openSession(): Promise<{ session: string; index: number }> {
    return { session: fakeSession, index: 1 }
  }

  async submit(
    request: SubmitRequest,
    signal: AbortSignal
  ): Promise<Awaited<ReturnType<NodeControl['submit']>>> {
    this.submitted.push(request)
    await this.onSubmit?.(request, signal)
    const name = { session: request.session ?? fakeSession, sequence: request.sequence ?? 1 }
    if (request.wait !== 'committed') return { ...name, state: 'accepted' }
    const payload = request.application === 'log' ? request.payload : request.operation.key
    const index = this.commit([payload])
    return { ...name, state: 'committed', index, ordinal: 0, code: 'ok', version: 1 }
  }

  async transactionStatus(name: {
    session: string
    sequence: number
  }): Promise<Awaited<ReturnType<NodeControl['transactionStatus']>>> {
    if (name.sequence > 100) throw apiFault({ code: 'session-expired', session: name.session })
    return name.sequence === 0
      ? { ...name, state: 'unknown' }
      : { ...name, state: 'committed', index: 1, ordinal: 0, code: 'ok', version: 2 }
  }

  /** Appends a commit with these payloads and tells the subscribers. */
  commit(payloads: readonly Uint8Array[]): number {
    this.executedIndex += 1
    const index = this.executedIndex
    payloads.forEach((payload, ordinal) => {
      this.log.push({
        index,
        ordinal,
        digest: digestOf(index),
        session: fakeSession,
        sequence: this.log.length + 1,
        application: 'log',
        payload,
        applied: true
      })
    })
    this.emit('log.committed', { index, digest: digestOf(index) })
    return index
  }

  commitText(...texts: string[]): number {
    return this.commit(texts.map(text => encoder.encode(text)))
  }

  async logRange({ from, limit }: LogRange): Promise<LogPage> {
    this.logReads += 1
    if (from.index < this.lowest) throw apiFault({ code: 'pruned', lowest: this.lowest })
    const rest = this.log.filter(
      ({ index, ordinal }) =>
        index > from.index || (index === from.index && ordinal >= from.ordinal)
    )
    const entries = rest.slice(0, limit)
    const following = rest[limit]
    const next =
      following === undefined
        ? { index: this.executedIndex + 1, ordinal: 0 }
        : { index: following.index, ordinal: following.ordinal }
    return { entries, next, lowest: this.lowest }
  }

  async commits({ from, limit }: { from: number; limit: number }) {
    const commits = []
    for (let index = from; index <= this.executedIndex && commits.length < limit; index++) {
      commits.push({ index, digest: digestOf(index) })
    }
    return { commits, next: from + commits.length, lowest: this.lowest }
  }

  async kvGet(key: Uint8Array) {
    const found = this.kv.get(Buffer.from(key).toString('hex'))
    return found === undefined ? { version: 0, index: 3 } : { ...found, index: 3 }
  }

  async kvList({ prefix, after, limit }: KvListRequest) {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    const keys = [...this.kv.keys()]
      .filter(key => key.startsWith(hex(prefix)) && (after === undefined || key > hex(after)))
      .sort()
    const entries = keys.slice(0, limit).map(key => ({
      key: new Uint8Array(Buffer.from(key, 'hex')),
      ...(this.kv.get(key) as { value: Uint8Array; version: number })
    }))
    return { entries, more: keys.length > limit, index: 3 }
  }

  put(key: string, value: Uint8Array): void {
    this.kv.set(Buffer.from(key).toString('hex'), { value, version: 1 })
  }

  setLogLevel(change: LogLevelChange): void {
    this.levels.push(change)
  }

  subscribe<T extends Topic>(topic: T, listener: (value: TopicValue<T>) => void): () => void {
    const set = this.listeners.get(topic) ?? new Set()
    this.listeners.set(topic, set)
    set.add(listener as Listener)
    return () => set.delete(listener as Listener)
  }

  emit<T extends Topic>(topic: T, value: TopicValue<T>): void {
    for (const listener of this.listeners.get(topic) ?? []) {
      ;(listener as (value: TopicValue<T>) => void)(value)
    }
  }

  listenerCount(topic: Topic): number {
    return this.listeners.get(topic)?.size ?? 0
  }
}
