import { Fault } from '@novacron/base'

/** The facts of every error that a node may answer; `code` in JSON-RPC's `error.data`. */
export type ApiFacts =
  | { readonly code: 'busy'; readonly retryAfterMs: number }
  | { readonly code: 'not-ready'; readonly state: string; readonly reason?: string }
  /** Session and sequence as soon as the transaction has them: without them it was not submitted. */
  | {
      readonly code: 'timeout'
      readonly afterMs: number
      readonly session?: string
      readonly sequence?: number
    }
  | { readonly code: 'pruned'; readonly lowest: number }
  | { readonly code: 'session-expired'; readonly session: string }
  | { readonly code: 'session-unknown'; readonly session: string }
  | {
      readonly code: 'too-large'
      readonly what: string
      readonly size?: number
      readonly limit: number
    }
  | { readonly code: 'unauthorized'; readonly reason: string }
  | { readonly code: 'limit-reached'; readonly what: string; readonly limit: number }
  | { readonly code: 'refused'; readonly reason: string }
  | { readonly code: 'needs-web-socket' }
  | { readonly code: 'unknown-subscription'; readonly subscription: string }
  | { readonly code: 'slow-client'; readonly limit: number }
  | { readonly code: 'cancelled' }

type ApiCode = ApiFacts['code']

/** JSON-RPC's own errors. */
export const parseErrorNumber = -32700
export const invalidRequestNumber = -32600
export const methodNotFoundNumber = -32601
export const invalidParamsNumber = -32602
export const internalErrorNumber = -32603

interface ServerError {
  readonly number: number
  readonly message: string
  /** What the caller should do. */
  readonly hint: string
}

/** One number, one message and one hint per code. Numbers are never used again for another code. */
export const serverErrors: Readonly<Record<ApiCode, ServerError>> = {
  busy: {
    number: -32000,
    message: 'The node takes no more work at the moment',
    hint: 'Send the same request again after retryAfterMs.'
  },
  'not-ready': {
    number: -32001,
    message: 'The node cannot do this in its present state',
    hint: 'node.status says what it waits for.'
  },
  timeout: {
    number: -32002,
    message: 'The time for this request is over',
    hint: 'The transaction may still commit: ask tx.status, or send the same session and sequence again.'
  },
  pruned: {
    number: -32003,
    message: 'This part of the log is no longer kept here',
    hint: 'Read from the index in `lowest`.'
  },
  'session-expired': {
    number: -32004,
    message: 'The session was evicted after it had been idle',
    hint: 'Open a new session; what was committed in the old one stays committed.'
  },
  'session-unknown': {
    number: -32005,
    message: 'No such session was opened on this chain',
    hint: 'Open one with session.open.'
  },
  'too-large': {
    number: -32006,
    message: 'More bytes than allowed',
    hint: 'Split the request, or use the ingest socket for bulk data.'
  },
  unauthorized: {
    number: -32007,
    message: 'The request is not authorised',
    hint: 'Send `Authorization: Bearer <JWT>`: HS256 with the secret of this node, iat within 60 seconds.'
  },
  'limit-reached': {
    number: -32008,
    message: 'A limit of this node is reached',
    hint: 'Close what is no longer needed, or use fewer at once.'
  },
  refused: {
    number: -32009,
    message: 'The node refused the transaction',
    hint: 'The reason says what to change; sending it again unchanged will not help.'
  },
  'needs-web-socket': {
    number: -32010,
    message: 'Subscriptions need a connection that stays open',
    hint: 'Connect to /ws as a WebSocket and call subscribe there.'
  },
  'unknown-subscription': {
    number: -32011,
    message: 'This connection has no such subscription',
    hint: 'Use the id that subscribe answered on the same connection.'
  },
  'slow-client': {
    number: -32012,
    message: 'The client reads more slowly than the node writes',
    hint: 'Subscribe again from the last index that was received.'
  },
  cancelled: {
    number: -32013,
    message: 'The connection closed before the answer was ready',
    hint: 'What was submitted may still commit: ask tx.status.'
  }
}

export function apiFault(facts: ApiFacts, options?: { readonly cause?: unknown }): Fault<ApiFacts> {
  return new Fault(facts, options)
}

/** The facts when `error` is a fault that callers may see; undefined for everything unforeseen. */
export function apiFactsOf(error: unknown): ApiFacts | undefined {
  if (!(error instanceof Fault)) return undefined
  const facts = error.facts as { readonly code: string }
  return Object.hasOwn(serverErrors, facts.code) ? (facts as ApiFacts) : undefined
}
