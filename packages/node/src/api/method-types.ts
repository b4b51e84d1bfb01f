import type { CommitPage, LogLevel, Receipt, TransactionStatus, Wait } from './node-control.ts'
import type { ConsensusStatus, DagRound, NodeStatus, PeerStatus } from './node-report.ts'

/** Bytes in JSON: as text when they are UTF-8, in base64 otherwise. Both forms are taken, whatever the bytes. */
export type JsonBytes = { readonly utf8: string } | { readonly base64: string }

export type JsonKvOperation =
  | { readonly type: 'put'; readonly key: JsonBytes; readonly value: JsonBytes }
  | { readonly type: 'delete'; readonly key: JsonBytes }
  | {
      readonly type: 'compare-and-set'
      readonly key: JsonBytes
      readonly version: number
      readonly value?: JsonBytes
    }

export interface JsonSubmit {
  readonly application: 'log' | 'kv'
  /** Base64 for `log`, an operation for `kv`. */
  readonly payload: string | JsonKvOperation
  readonly session?: string
  readonly sequence?: number
  readonly wait?: Wait
  readonly timeoutMs?: number
}

export interface JsonLogEntry {
  readonly index: number
  readonly ordinal: number
  readonly digest: string
  readonly session: string
  readonly sequence: number
  readonly application: string
  /** Base64. */
  readonly payload: string
  readonly applied: boolean
}

export interface JsonLogPage {
  readonly entries: readonly JsonLogEntry[]
  readonly next: { readonly index: number; readonly ordinal: number }
  readonly lowest: number
}

export interface JsonKvEntry {
  readonly key: JsonBytes
  readonly value: JsonBytes
  readonly version: number
}

type Empty = Readonly<Record<string, never>>

/** Every method by name, as JSON carries it. Errors are `Fault<RpcFacts>` at the client. */
export interface ApiMethods {
  readonly 'node.status': { readonly params: Empty; readonly result: NodeStatus }
  readonly 'node.peers': {
    readonly params: Empty
    readonly result: { readonly peers: readonly PeerStatus[] }
  }
  readonly 'node.stop': { readonly params: Empty; readonly result: { readonly stopping: true } }
  readonly 'consensus.status': { readonly params: Empty; readonly result: ConsensusStatus }
  readonly 'consensus.dag': {
    readonly params: { readonly fromRound: number; readonly toRound: number }
    readonly result: { readonly rounds: readonly DagRound[] }
  }
  readonly 'session.open': {
    readonly params: {
      readonly clientKey?: string
      readonly wait?: 'accepted' | 'committed'
      readonly timeoutMs?: number
    }
    readonly result: { readonly session: string; readonly index?: number }
  }
  readonly 'tx.submit': { readonly params: JsonSubmit; readonly result: Receipt }
  readonly 'tx.status': {
    readonly params: { readonly session: string; readonly sequence: number }
    readonly result: TransactionStatus
  }
  readonly 'log.range': {
    readonly params: {
      readonly from: number
      readonly fromOrdinal?: number
      readonly limit?: number
    }
    readonly result: JsonLogPage
  }
  readonly 'log.commits': {
    readonly params: { readonly from: number; readonly limit?: number }
    readonly result: CommitPage
  }
  readonly 'log.setLevel': {
    readonly params: { readonly level: LogLevel; readonly module?: string }
    readonly result: { readonly level: LogLevel; readonly module?: string }
  }
  readonly 'kv.get': {
    readonly params: { readonly key: JsonBytes }
    readonly result: {
      readonly key: JsonBytes
      /** Null for a key that is not there; its version is 0. */
      readonly value: JsonBytes | null
      readonly version: number
      readonly index: number
    }
  }
  readonly 'kv.list': {
    readonly params: {
      readonly prefix?: JsonBytes
      readonly after?: JsonBytes
      readonly limit?: number
    }
    readonly result: {
      readonly entries: readonly JsonKvEntry[]
      readonly more: boolean
      readonly index: number
    }
  }
  readonly 'rpc.discover': { readonly params: Empty; readonly result: OpenRpcDocument }
  readonly subscribe: {
    readonly params: { readonly topic: JsonTopic; readonly from?: number }
    readonly result: { readonly subscription: string }
  }
  readonly unsubscribe: {
    readonly params: { readonly subscription: string }
    readonly result: { readonly unsubscribed: true }
  }
}

export type MethodName = keyof ApiMethods
export type MethodParams<N extends MethodName> = ApiMethods[N]['params']
export type MethodResult<N extends MethodName> = ApiMethods[N]['result']

/** What a subscription's notifications carry. */
export interface JsonTopicValues {
  /** Entries in order, each once; one commit may come in several notifications, several commits in one. */
  readonly 'log.committed': {
    readonly entries: readonly JsonLogEntry[]
    readonly next: { readonly index: number; readonly ordinal: number }
  }
  readonly 'consensus.rounds': DagRound
}
export type JsonTopic = keyof JsonTopicValues

export interface OpenRpcDocument {
  readonly openrpc: string
  readonly info: {
    readonly title: string
    readonly version: string
    readonly description?: string
  }
  readonly methods: readonly OpenRpcMethod[]
}

export interface OpenRpcMethod {
  readonly name: string
  readonly summary: string
  readonly paramStructure: 'by-name'
  readonly params: readonly {
    readonly name: string
    readonly required: boolean
    readonly schema: Readonly<Record<string, unknown>>
  }[]
  readonly result: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> }
  readonly errors: readonly {
    readonly code: number
    readonly message: string
    readonly data?: unknown
  }[]
}
