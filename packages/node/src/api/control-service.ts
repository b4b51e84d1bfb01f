import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { type ApiFacts, invalidRequestNumber } from './faults.ts'
import { readBody } from './http-body.ts'
import { answerMessage, type DispatchNeeds, faultResponse } from './json-rpc.ts'
import type { NodeControl } from './node-control.ts'
import type { ApiOptions } from './options.ts'
import { controlMethods, type MethodRegistry } from './registry.ts'
import { WebSocketClient } from './web-socket-client.ts'

export interface ControlServiceNeeds {
  readonly node: NodeControl
  /** Told of every answer that was an internal error. */
  readonly onInternalError?: (method: string, error: unknown) => void
  readonly onCall?: (method: string, seconds: number, outcome: 'ok' | 'error') => void
  /** All methods of the control API by default. */
  readonly registry?: MethodRegistry
}

/** Undefined when a request may pass, otherwise the HTTP status and why not. */
export type Gate = (
  request: IncomingMessage
) => { readonly status: number; readonly reason: string } | undefined

/** The control API over HTTP requests and WebSocket upgrades, whatever they arrive on. */
export class ControlService {
  readonly options: ApiOptions
  readonly #needs: ControlServiceNeeds
  readonly #dispatch: DispatchNeeds
  readonly #sockets: WebSocketServer
  readonly #clients = new Set<WebSocketClient>()

  constructor(options: ApiOptions, needs: ControlServiceNeeds) {
    this.options = options
    this.#needs = needs
    this.#dispatch = {
      registry: needs.registry ?? controlMethods(needs.node),
      options,
      onInternalError: needs.onInternalError ?? (() => {}),
      ...(needs.onCall === undefined ? {} : { onCall: needs.onCall })
    }
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.bodyBytesMax,
      perMessageDeflate: false
    })
  }

  /** WebSocket connections that are open. */
  get clientCount(): number {
    return this.#clients.size
  }

  async answer(request: IncomingMessage, response: ServerResponse, gate: Gate): Promise<void> {
    const refused = gate(request)
    if (refused !== undefined) {
      refuse(response, refused.status, { code: 'unauthorized', reason: refused.reason })
      return
    }
    const path = pathOf(request)
    if (path !== '/' && path !== '/rpc') {
      send(response, 404, misdirected('the paths are /, /rpc and, for WebSockets, /ws'))
      return
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      send(response, 405, misdirected('POST one JSON-RPC request'))
      return
    }
    await this.#answerPost(request, response)
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, gate: Gate): void {
    socket.on('error', () => {})
    const refused = gate(request)
    const limit = this.options.subscribersMax
    if (refused !== undefined) {
      const facts: ApiFacts = { code: 'unauthorized', reason: refused.reason }
      refuseUpgrade(socket, refused.status, facts)
    } else if (pathOf(request) !== '/ws') {
      refuseUpgrade(socket, 404, { code: 'refused', reason: 'WebSockets connect to /ws' })
    } else if (this.#clients.size >= limit) {
      const facts: ApiFacts = { code: 'limit-reached', what: 'WebSocket connections', limit }
      refuseUpgrade(socket, 503, facts)
    } else {
      this.#sockets.handleUpgrade(request, socket, head, webSocket => {
        const needs = { node: this.#needs.node, dispatch: this.#dispatch }
        const client = new WebSocketClient(webSocket, this.options, needs)
        this.#clients.add(client)
        webSocket.once('close', () => this.#clients.delete(client))
      })
    }
  }

  close(): void {
    for (const client of this.#clients) client.close()
    this.#sockets.close()
  }

  async #answerPost(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const limit = this.options.bodyBytesMax
    const body = await readBody(request, limit)
    if (body.type === 'aborted') return
    if (body.type === 'too-large') {
      refuse(response, 413, { code: 'too-large', what: 'request body', limit })
      return
    }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const answer = await answerMessage(body.text, { signal: gone.signal }, this.#dispatch)
    if (answer === undefined) response.writeHead(204).end()
    else send(response, 200, answer)
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

function misdirected(hint: string): string {
  const error = {
    code: invalidRequestNumber,
    message: 'Invalid request',
    data: { code: 'invalid-request', hint }
  }
  return JSON.stringify({ jsonrpc: '2.0', id: null, error })
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(text)
}

/** Answers and closes: the rest of the request is of no interest. */
function refuse(response: ServerResponse, status: number, facts: ApiFacts): void {
  response.setHeader('connection', 'close')
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  send(response, status, JSON.stringify(faultResponse(facts)))
}

const reasonPhrases: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable'
}

function refuseUpgrade(socket: Duplex, status: number, facts: ApiFacts): void {
  const text = JSON.stringify(faultResponse(facts))
  const head = [
    `HTTP/1.1 ${status} ${reasonPhrases[status] ?? 'Refused'}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}
