import type { KvOperation } from '@novacron/execution'
import type { ConsensusStatus, DagRound, DagWindow, NodeStatus, PeerStatus } from './node-report.ts'

/**
 * Everything the control API needs from a node. Bytes are bytes here; their JSON forms belong to the API.
 *
 * Synchronous members answer at once from memory, also while consensus is stuck. Asynchronous ones may read the store or
 * wait, stop waiting when `signal` aborts, and reject with `Fault<ApiFacts>` (faults.ts) for what a caller must know.
 */
export interface NodeControl {
  status(): NodeStatus
  peers(): readonly PeerStatus[]
  /** Begins an orderly stop and returns; the answer to the caller still leaves. */
  stop(): void
  consensusStatus(): ConsensusStatus
  /** At most `dagRoundsMax` rounds, ascending; rounds that were collected as garbage are left out. */
  dag(window: DagWindow): Promise<readonly DagRound[]>
  openSession(request: OpenSessionRequest, signal: AbortSignal): Promise<OpenedSession>
  /** @throws {Fault} busy, not-ready, refused, session-expired, session-unknown, timeout, too-large */
  submit(request: SubmitRequest, signal: AbortSignal): Promise<Receipt>
  transactionStatus(transaction: TransactionName): Promise<TransactionStatus>
  /** @throws {Fault} pruned, with the lowest index that is still here */
  logRange(range: LogRange): Promise<LogPage>
  /** The digest chain without payloads. @throws {Fault} pruned */
  commits(range: { readonly from: number; readonly limit: number }): Promise<CommitPage>
  kvGet(key: Uint8Array): Promise<KvRead>
  kvList(request: KvListRequest): Promise<KvPage>
  setLogLevel(change: LogLevelChange): void
  /**
   * Calls `listener` after each event until the returned function is called.
   * `log.committed`: a commit was executed and can be read with `logRange`; in the order of indexes.
   * `consensus.rounds`: a round was entered, or the state of an earlier one changed.
   */
  subscribe<T extends Topic>(topic: T, listener: (value: TopicValue<T>) => void): () => void
}

export interface TopicValues {
  readonly 'log.committed': CommitName
  readonly 'consensus.rounds': DagRound
}
export type Topic = keyof TopicValues
export type TopicValue<T extends Topic> = TopicValues[T]

/** `none` answers when the transaction is queued, `accepted` when it is in a stored batch, `committed` when executed. */
export type Wait = 'none' | 'accepted' | 'committed'

/** 16 bytes of a session id, 32 lowercase hex digits. */
export type SessionHex = string

export interface OpenSessionRequest {
  /** Ed25519 public key that may sign for the session, 32 bytes. */
  readonly clientKey?: Uint8Array
  readonly wait: 'accepted' | 'committed'
  readonly timeoutMs: number
}

/** `index` is the commit that opened the session; absent when the caller did not wait for it. */
export interface OpenedSession {
  readonly session: SessionHex
  readonly index?: number
}

export type SubmitPayload =
  | { readonly application: 'log'; readonly payload: Uint8Array }
  | { readonly application: 'kv'; readonly operation: KvOperation }

export type SubmitRequest = SubmitPayload & {
  /** Without a session the node uses its own gateway session, and numbers the transaction. */
  readonly session?: SessionHex
  readonly sequence?: number
  readonly wait: Wait
  readonly timeoutMs: number
}

export interface TransactionName {
  readonly session: SessionHex
  readonly sequence: number
}

export interface Receipt extends TransactionName {
  readonly state: 'accepted' | 'committed'
  /** Commit and position in it. */
  readonly index?: number
  readonly ordinal?: number
  /** One of `resultCodes`: `ok`, or why nothing was changed. */
  readonly code?: string
  /** Version of the key after a kv operation. */
  readonly version?: number
}

export interface TransactionStatus extends TransactionName {
  /** `unknown`: never seen here, so a retry is right; `pending`: accepted and not executed yet. */
  readonly state: 'unknown' | 'pending' | 'committed'
  readonly index?: number
  readonly ordinal?: number
  readonly code?: string
  readonly version?: number
}

/** A place in the log: the transaction `ordinal` of the commit `index`. */
export interface LogPosition {
  readonly index: number
  readonly ordinal: number
}

export interface LogRange {
  readonly from: LogPosition
  /** Entries, at most `logEntriesMax`; the node also stops at about `logBytesMax` of payload, after one entry at least. */
  readonly limit: number
}

export interface LogEntry extends LogPosition, TransactionName {
  /** Digest of the commit `index`. */
  readonly digest: string
  readonly application: string
  readonly payload: Uint8Array
  /** False when the session had seen the sequence before, so that nothing was done. */
  readonly applied: boolean
}

export interface LogPage {
  readonly entries: readonly LogEntry[]
  /** Where to read on; (executed index + 1, 0) at the end of the log. Commits without transactions are passed over. */
  readonly next: LogPosition
  /** Lowest commit that is still here. */
  readonly lowest: number
}

export interface CommitName {
  readonly index: number
  readonly digest: string
}

export interface CommitPage {
  readonly commits: readonly CommitName[]
  readonly next: number
  readonly lowest: number
}

/** `value` is absent and `version` 0 for a key that is not there. */
export interface KvRead {
  readonly value?: Uint8Array
  readonly version: number
  /** Executed index at which the answer holds. */
  readonly index: number
}

export interface KvListRequest {
  readonly prefix: Uint8Array
  /** Exclusive: the last key of the page before. */
  readonly after?: Uint8Array
  readonly limit: number
}

export interface KvEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly version: number
}

export interface KvPage {
  readonly entries: readonly KvEntry[]
  /** True when keys with the prefix lie behind the last entry. */
  readonly more: boolean
  readonly index: number
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogLevelChange {
  readonly level: LogLevel
  /** One module; without it the level of every module that has none of its own. */
  readonly module?: string
}
