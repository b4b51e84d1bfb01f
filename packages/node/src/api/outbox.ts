import type { WebSocket } from 'ws'

interface OutboxOptions {
  /** Notifications that wait while the socket is full; one more ends the connection. */
  readonly subscriptionBufferMax: number
  /** Unsent bytes in the socket from which on notifications wait here. */
  readonly socketBufferBytesMax: number
}

/**
 * What leaves on one WebSocket. Answers go at once, since the number of calls in progress bounds them. Notifications wait
 * in order while the socket holds more than its share, and a client that stays behind is given up.
 */
export class Outbox {
  readonly #socket: WebSocket
  readonly #options: OutboxOptions
  readonly #onOverflow: () => void
  readonly #waiting: string[] = []
  readonly #roomListeners: (() => void)[] = []
  #closed = false

  constructor(options: OutboxOptions, needs: { socket: WebSocket; onOverflow: () => void }) {
    this.#options = options
    this.#socket = needs.socket
    this.#onOverflow = needs.onOverflow
  }

  /** True when a notification would have to wait. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || this.#isSocketFull()
  }

  /** Resolves when the text has left for the operating system, or never will. */
  answer(text: string): Promise<void> {
    return new Promise(resolve => {
      if (this.#closed) resolve()
      else this.#write(text, resolve)
    })
  }

  notify(text: string): void {
    if (this.#closed) return
    if (!this.isFull) {
      this.#write(text)
      return
    }
    if (this.#waiting.length >= this.#options.subscriptionBufferMax) {
      this.#onOverflow()
      return
    }
    this.#waiting.push(text)
  }

  /** Resolves when a notification can leave at once, or the outbox is closed. */
  room(): Promise<void> {
    if (this.#closed || !this.isFull) return Promise.resolve()
    return new Promise(resolve => this.#roomListeners.push(resolve))
  }

  close(): void {
    this.#closed = true
    this.#waiting.length = 0
    for (const resolve of this.#roomListeners.splice(0)) resolve()
  }

  #isSocketFull(): boolean {
    return this.#socket.bufferedAmount >= this.#options.socketBufferBytesMax
  }

  #write(text: string, onSent?: () => void): void {
    this.#socket.send(text, () => {
      onSent?.()
      this.#drain()
    })
  }

  #drain(): void {
    while (!this.#closed && this.#waiting.length > 0 && !this.#isSocketFull()) {
      this.#write(this.#waiting.shift() as string)
    }
    if (this.isFull) return
    for (const resolve of this.#roomListeners.splice(0)) resolve()
  }
}
