import type { RawData, WebSocket } from 'ws'
import type { ApiFacts } from './faults.ts'
import { textOfBytes } from './json-bytes.ts'
import { answerMessage, type DispatchNeeds } from './json-rpc.ts'
import type { NodeControl } from './node-control.ts'
import type { ApiOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { Subscriptions } from './subscriptions.ts'

/** Close codes of RFC 6455, 7.4.1. */
const goingAway = 1001
const policyViolation = 1008
/** For the close frame to arrive; then the connection is cut. */
const closeGraceMs = 2_000
/** Of a close reason, by RFC 6455. */
const reasonBytesMax = 123

interface WebSocketClientNeeds {
  readonly node: NodeControl
  readonly dispatch: DispatchNeeds
}

/** Serves calls and subscriptions on one WebSocket until it closes. */
export class WebSocketClient {
  readonly #socket: WebSocket
  readonly #options: ApiOptions
  readonly #needs: WebSocketClientNeeds
  readonly #outbox: Outbox
  readonly #subscriptions: Subscriptions
  readonly #gone = new AbortController()
  readonly #pings: NodeJS.Timeout
  readonly #waiting: (string | undefined)[] = []
  #inProgress = 0
  #isAnswering = true

  constructor(socket: WebSocket, options: ApiOptions, needs: WebSocketClientNeeds) {
    this.#socket = socket
    this.#options = options
    this.#needs = needs
    const slow: ApiFacts = { code: 'slow-client', limit: options.subscriptionBufferMax }
    this.#outbox = new Outbox(options, { socket, onOverflow: () => this.#giveUp(slow) })
    this.#subscriptions = new Subscriptions(options, {
      node: needs.node,
      outbox: this.#outbox,
      onInternalError: needs.dispatch.onInternalError,
      giveUp: facts => this.#giveUp(facts)
    })
    this.#pings = setInterval(() => this.#ping(), options.pingIntervalMs)
    socket.on('message', data => this.#onMessage(data))
    socket.on('pong', () => {
      this.#isAnswering = true
    })
    // What is wrong with a frame ends the connection by `close`, which follows; the node goes on.
    socket.on('error', () => {})
    socket.once('close', () => this.#release())
  }

  /** Ends the connection in order; cut after a grace period. */
  close(code: number = goingAway, reason = 'the node is stopping'): void {
    this.#release()
    this.#socket.close(code, reason.slice(0, reasonBytesMax))
    this.#socket.resume()
    setTimeout(() => this.#socket.terminate(), closeGraceMs).unref()
  }

  #onMessage(data: RawData): void {
    if (this.#gone.signal.aborted) return
    this.#waiting.push(textOf(data))
    // A client that does not read its answers is not read either; only what was read with the last chunk waits here.
    const limit = this.#options.messagesWaitingMax
    if (this.#waiting.length > limit) {
      this.#giveUp({ code: 'limit-reached', what: 'messages of this connection that wait', limit })
      return
    }
    this.#answerWaiting()
  }

  #answerWaiting(): void {
    const { callsPerClientMax } = this.#options
    while (this.#waiting.length > 0 && this.#inProgress < callsPerClientMax) {
      void this.#answer(this.#waiting.shift())
    }
    if (this.#gone.signal.aborted) return
    if (this.#inProgress >= callsPerClientMax) this.#socket.pause()
    else if (this.#socket.isPaused) this.#socket.resume()
  }

  async #answer(text: string | undefined): Promise<void> {
    this.#inProgress += 1
    const subscriber = this.#subscriptions.forMessage()
    const context = { signal: this.#gone.signal, subscriber }
    const response = await answerMessage(text, context, this.#needs.dispatch)
    const sent = response === undefined ? undefined : this.#outbox.answer(response)
    subscriber.start()
    await sent
    this.#inProgress -= 1
    this.#answerWaiting()
  }

  #giveUp(facts: ApiFacts): void {
    if (this.#gone.signal.aborted) return
    const { code, ...rest } = facts
    this.close(policyViolation, `${code} ${JSON.stringify(rest)}`)
  }

  #ping(): void {
    if (!this.#isAnswering) {
      this.#socket.terminate()
      return
    }
    this.#isAnswering = false
    this.#socket.ping()
  }

  #release(): void {
    clearInterval(this.#pings)
    this.#waiting.length = 0
    this.#subscriptions.close()
    this.#outbox.close()
    this.#gone.abort()
  }
}

function textOf(data: RawData): string | undefined {
  if (data instanceof ArrayBuffer) return textOfBytes(new Uint8Array(data))
  return textOfBytes(Array.isArray(data) ? Buffer.concat(data) : data)
}
