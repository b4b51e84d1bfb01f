import { request } from 'node:http'
import { connect } from 'node:net'
import { Fault } from '@novacron/base'
import { WebSocket } from 'ws'
import type {
  JsonTopic,
  JsonTopicValues,
  MethodName,
  MethodParams,
  MethodResult
} from './method-types.ts'

/** `answer` codes are those of `error.data.code`: busy, pruned, invalid-params, … */
export type ControlClientFacts =
  | { readonly code: 'not-running'; readonly path: string }
  | { readonly code: 'not-allowed'; readonly path: string }
  | { readonly code: 'connection-lost'; readonly path: string; readonly reason: string }
  | { readonly code: 'bad-answer'; readonly path: string; readonly reason: string }
  | RpcErrorFacts

/** What the node answered in place of a result. */
export interface RpcErrorFacts {
  readonly code: string
  readonly number: number
  readonly message: string
  readonly hint?: string
  readonly [fact: string]: unknown
}

/** Where the node is, and how long to wait for it. */
export interface ControlClientOptions {
  readonly socketPath: string
  /** A call without an answer for this long is given up; longer than any `timeoutMs` that calls ask for. */
  readonly callTimeoutMs?: number
}

const defaultCallTimeoutMs = 70_000

/** Calls the control API of the node on this machine; each call is one HTTP request. */
export class ControlClient {
  readonly #path: string
  readonly #callTimeoutMs: number

  constructor({ socketPath, callTimeoutMs = defaultCallTimeoutMs }: ControlClientOptions) {
    this.#path = socketPath
    this.#callTimeoutMs = callTimeoutMs
  }

  /** @throws {Fault<ControlClientFacts>} */
  async call<N extends MethodName>(
    method: N,
    params: MethodParams<N>,
    signal?: AbortSignal
  ): Promise<MethodResult<N>> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const text = await this.#post(body, signal)
    return resultOf(text, this.#path) as MethodResult<N>
  }

  /**
   * Calls `onValue` for every value, in order, until the subscription is closed from either side.
   *
   * throws  Fault<ControlClientFacts> when it cannot be opened
   */
  async subscribe<T extends JsonTopic>(
    topic: T,
    options: { readonly from?: number; readonly signal?: AbortSignal },
    onValue: (value: JsonTopicValues[T]) => void
  ): Promise<ControlSubscription> {
    const socket = new WebSocket('ws://localhost/ws', {
      createConnection: () => connect({ path: this.#path }),
      perMessageDeflate: false
    })
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<string>()
    const params = options.from === undefined ? { topic } : { topic, from: options.from }
    let isOpen = false
    socket.once('open', () =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }))
    )
    socket.on('message', data => {
      const text = data.toString()
      if (isOpen) {
        onValue((JSON.parse(text) as SubscriptionMessage<T>).params.value)
        return
      }
      try {
        resultOf(text, this.#path)
        isOpen = true
        opened.resolve()
      } catch (error) {
        opened.reject(error as Error)
        socket.close()
      }
    })
    socket.on('error', error => opened.reject(connectionFault(this.#path, error)))
    socket.once('close', (code, reason) => {
      const why = reason.toString() || `closed with ${code}`
      opened.reject(lost(this.#path, why))
      ended.resolve(why)
    })
    const abort = (): void => socket.terminate()
    options.signal?.addEventListener('abort', abort)
    socket.once('close', () => options.signal?.removeEventListener('abort', abort))
    if (options.signal?.aborted) abort()
    await opened.promise
    return { closed: ended.promise, close: () => socket.close() }
  }

  #post(body: string, signal: AbortSignal | undefined): Promise<string> {
    const deadline = AbortSignal.timeout(this.#callTimeoutMs)
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(connectionFault(this.#path, error))
      const posted = request(
        {
          socketPath: this.#path,
          path: '/rpc',
          method: 'POST',
          agent: false,
          signal: either,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        },
        response => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.once('end', () => resolve(Buffer.concat(parts).toString('utf8')))
          response.once('error', fail)
        }
      )
      posted.once('error', fail)
      posted.end(body)
    })
  }
}

export interface ControlSubscription {
  /** Resolves with the reason when the connection is over; never rejects. */
  readonly closed: Promise<string>
  close(): void
}

interface SubscriptionMessage<T extends JsonTopic> {
  readonly params: { readonly value: JsonTopicValues[T] }
}

interface Answer {
  readonly result?: unknown
  readonly error?: {
    readonly code: number
    readonly message: string
    readonly data?: { readonly code?: string }
  }
}

function resultOf(text: string, path: string): unknown {
  let answer: Answer | null
  try {
    answer = JSON.parse(text) as Answer | null
  } catch (cause) {
    const reason = `not JSON: ${text.slice(0, 80)}`
    throw new Fault<ControlClientFacts>({ code: 'bad-answer', path, reason }, { cause })
  }
  if (answer?.error !== undefined) {
    const { code: number, message, data } = answer.error
    throw new Fault<ControlClientFacts>({ code: 'rpc-error', ...data, number, message })
  }
  if (answer?.result === undefined) {
    const reason = 'neither result nor error'
    throw new Fault<ControlClientFacts>({ code: 'bad-answer', path, reason })
  }
  return answer.result
}

function connectionFault(path: string, cause: Error): Fault<ControlClientFacts> {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED') {
    return new Fault<ControlClientFacts>({ code: 'not-running', path }, { cause })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new Fault<ControlClientFacts>({ code: 'not-allowed', path }, { cause })
  }
  return lost(path, code ?? cause.message, cause)
}

function lost(path: string, reason: string, cause?: unknown): Fault<ControlClientFacts> {
  return new Fault<ControlClientFacts>({ code: 'connection-lost', path, reason }, { cause })
}
