import type { TLSSocket } from 'node:tls'
import type { HeldStream, StreamData } from '../link/raw-stream.ts'

type MessageListener = (event: { readonly data: StreamData }) => void
type CloseListener = (event: { readonly error?: Error }) => void

/** One authenticated socket in the shape of a stream. Nothing is read before `start`. */
export class DirectStream implements HeldStream {
  readonly #socket: TLSSocket
  #onMessage: MessageListener = () => undefined
  #onClose: CloseListener = () => undefined
  #onEnd: () => void = () => undefined
  #onDrain: () => void = () => undefined
  #error: Error | undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('error', error => {
      this.#error = error
    })
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#onClose(this.#error === undefined ? {} : { error: this.#error }))
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  get writableNeedsDrain(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** Gives what came meanwhile, and from now on what comes. */
  start(): void {
    this.#socket.on('data', (data: Uint8Array) => this.#onMessage({ data }))
  }

  send(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed) throw new Error('socket is closed')
    return this.#socket.write(bytes)
  }

  abort(): void {
    this.#socket.destroy()
  }

  addEventListener(
    ...[type, listener]:
      | [type: 'message', listener: MessageListener]
      | [type: 'drain' | 'remoteCloseWrite', listener: () => void]
      | [type: 'close', listener: CloseListener]
  ): void {
    switch (type) {
      case 'message':
        this.#onMessage = listener
        return
      case 'close':
        this.#onClose = listener
        return
      case 'drain':
        this.#onDrain = listener
        return
      default:
        this.#onEnd = listener
    }
  }
}
