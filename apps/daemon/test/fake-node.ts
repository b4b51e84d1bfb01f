import { join } from 'node:path'
import {
  apiFault,
  type CommitPage,
  type KvListRequest,
  type KvPage,
  type KvRead,
  type LogEntry,
  type LogPage,
  type LogRange,
  type NodeControl,
  type NodeState,
  type Receipt,
  type SubmitRequest,
  startControlServer,
  type TransactionName,
  type TransactionStatus
} from '@novacron/node'
import { onTestFinished } from 'vitest'
import { testDirectory } from './test-directory.ts'

export const digestOf = (n: number): string => n.toString(16).padStart(64, '0')
const session = 'ab'.repeat(16)
const peer = '12D3KooWFake'

/** A node in memory: every transaction is a commit of its own. */
export class FakeNode implements NodeControl {
  readonly log: LogEntry[] = []
  readonly kv = new Map<string, { value: Uint8Array; version: number }>()
  readonly submitted: SubmitRequest[] = []
  readonly #listeners = new Set<(value: never) => void>()
  state: NodeState = 'running'
  reasons: readonly string[] = []
  lowest = 1
  executedIndex = 0
  code = 'ok'
  stops = 0
  sessions = 0
  ingest: string | undefined
  /** Replaces what `submit` does, to fail or wait. */
  onSubmit: ((signal: AbortSignal) => Promise<void>) | undefined
  onStop: (() => void) | undefined
  /** Answers of `tx.status`, in turn; then unknown. */
  readonly statuses: TransactionStatus[] = []

  status(): ReturnType<NodeControl['status']> {
    return {
      name: 'node-1',
      peer,
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
      state: this.state,
      reasons: this.reasons,
      peersConnected: 3,
      uptimeMs: 61_500,
      sockets: { control: 'control.sock', ...(this.ingest && { ingest: this.ingest }) }
    }
  }

  peers(): ReturnType<NodeControl['peers']> {
    const bytes = { queuedBytes: 0, sentBytes: 10, receivedBytes: 20 }
    const addresses = ['/ip4/127.0.0.1/tcp/1']
    return [
      { peer, name: 'node-2', member: true, state: 'connected', addresses, rttMs: 0.44, ...bytes },
      { peer, member: true, state: 'connecting', addresses: [], ...bytes },
      {
        peer,
        member: false,
        state: 'refused',
        addresses: [],
        encryption: 'tls',
        plane: 'direct',
        ...bytes
      }
    ]
  }

  stop(): void {
    this.stops += 1
    this.onStop?.()
  }

  consensusStatus(): never {
    throw new Error('not asked for')
  }

  async dag(): Promise<never> {
    throw new Error('not asked for')
  }

  async openSession(): Promise<{ session: string; index: number }> {
    this.sessions += 1
    return { session: this.sessions.toString(16).padStart(32, '0'), index: 1 }
  }

  async submit(request: SubmitRequest, signal: AbortSignal): Promise<Receipt> {
    await this.onSubmit?.(signal)
    this.submitted.push(request)
    const name = {
      session: request.session ?? session,
      sequence: request.sequence ?? this.submitted.length
    }
    if (request.wait !== 'committed') return { ...name, state: 'accepted' }
    const { code } = this
    if (code !== 'ok')
      return { ...name, state: 'committed', index: this.commit(), ordinal: 0, code }
    if (request.application === 'log') {
      return { ...name, state: 'committed', index: this.commit(request.payload), ordinal: 0, code }
    }
    const { operation } = request
    if (operation.type === 'put') this.put(Buffer.from(operation.key).toString(), operation.value)
    return { ...name, state: 'committed', index: this.commit(), ordinal: 0, code, version: 1 }
  }

  async transactionStatus(name: TransactionName): Promise<TransactionStatus> {
    return this.statuses.shift() ?? { ...name, state: 'unknown' }
  }

  /** Appends a commit with these payloads and returns its index. */
  commit(...payloads: readonly (string | Uint8Array)[]): number {
    this.executedIndex += 1
    for (const [ordinal, payload] of payloads.entries()) this.append(ordinal, payload, 'log', true)
    for (const listener of this.#listeners) {
      listener({ index: this.executedIndex, digest: digestOf(this.executedIndex) } as never)
    }
    return this.executedIndex
  }

  append(
    ordinal: number,
    payload: string | Uint8Array,
    application: string,
    applied: boolean
  ): void {
    this.log.push({
      index: this.executedIndex,
      ordinal,
      digest: digestOf(this.executedIndex),
      session,
      sequence: this.log.length + 1,
      application,
      payload: Buffer.from(payload as Uint8Array),
      applied
    })
  }

  put(key: string, value: string | Uint8Array): void {
    const version = (this.kv.get(key)?.version ?? 0) + 1
    this.kv.set(key, { value: Buffer.from(value as Uint8Array), version })
  }

  async logRange({ from, limit }: LogRange): Promise<LogPage> {
    const { lowest } = this
    if (from.index < lowest) throw apiFault({ code: 'pruned', lowest })
    const rest = this.log.filter(
      ({ index, ordinal }) =>
        index > from.index || (index === from.index && ordinal >= from.ordinal)
    )
    const entries = rest.slice(0, limit)
    const following = rest[limit]
    const end = { index: Math.max(from.index, this.executedIndex + 1), ordinal: 0 }
    const next =
      following === undefined ? end : { index: following.index, ordinal: following.ordinal }
    return { entries, next, lowest }
  }

  async commits({ from, limit }: { from: number; limit: number }): Promise<CommitPage> {
    const commits = []
    for (let index = from; index <= this.executedIndex && commits.length < limit; index++) {
      commits.push({ index, digest: digestOf(index) })
    }
    return { commits, next: from + commits.length, lowest: this.lowest }
  }

  async kvGet(key: Uint8Array): Promise<KvRead> {
    const found = this.kv.get(Buffer.from(key).toString())
    return found === undefined ? { version: 0, index: 3 } : { ...found, index: 3 }
  }

  async kvList({ prefix, after, limit }: KvListRequest): Promise<KvPage> {
    const start = Buffer.from(prefix).toString()
    const behind = after === undefined ? '' : Buffer.from(after).toString()
    const keys = [...this.kv.keys()].filter(key => key.startsWith(start) && key > behind).sort()
    const entries = keys.slice(0, limit).map(key => {
      const { value, version } = this.kv.get(key) as { value: Uint8Array; version: number }
      return { key: Buffer.from(key), value, version }
    })
    return { entries, more: keys.length > limit, index: 3 }
  }

  setLogLevel(): void {}

  subscribe(_topic: string, listener: (value: never) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }
}

/** A node behind a control socket in a data directory. */
export async function serveFakeNode(node: FakeNode = new FakeNode()) {
  const directory = testDirectory()
  const server = await startControlServer({ socketPath: join(directory, 'control.sock') }, { node })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { node, directory, server }
}
