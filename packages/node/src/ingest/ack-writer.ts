import type { Socket } from 'node:net'
import { type Acknowledgement, encodeAcknowledgements } from './acknowledgement.ts'

/** That a frame was accepted is told in company, or after so long. */
const acceptedDelayMs = 5

/**
 * Collects the acknowledgements of one connection. What became of transactions is written once a turn of the event loop;
 * that they were accepted goes with it, or a little later.
 */
export class AckWriter {
  readonly #socket: Socket
  readonly #bufferBytesMax: number
  readonly #onSlow: () => void
  #records: Acknowledgement[] = []
  #flush: NodeJS.Immediate | undefined
  #delayed: NodeJS.Timeout | undefined

  constructor(
    bufferBytesMax: number,
    needs: { readonly socket: Socket; readonly onSlow: () => void }
  ) {
    this.#bufferBytesMax = bufferBytesMax
    this.#socket = needs.socket
    this.#onSlow = needs.onSlow
  }

  add(record: Acknowledgement): void {
    const tail = this.#records.at(-1)
    if (tail !== undefined && continues(tail, record)) {
      this.#records[this.#records.length - 1] = { ...tail, last: record.last }
    } else {
      this.#records.push(record)
    }
    if (record.type === 'accepted') {
      this.#delayed ??= setTimeout(() => this.flush(), acceptedDelayMs)
    } else {
      this.#flush ??= setImmediate(() => this.flush())
    }
  }

  flush(): void {
    this.#cancel()
    if (this.#records.length === 0 || !this.#socket.writable) return
    const bytes = encodeAcknowledgements(this.#records)
    this.#records = []
    this.#socket.write(bytes)
    if (this.#socket.writableLength > this.#bufferBytesMax) this.#onSlow()
  }

  /** Nothing more is written. */
  stop(): void {
    this.#cancel()
    this.#records = []
  }

  #cancel(): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush)
    this.#flush = undefined
    clearTimeout(this.#delayed)
    this.#delayed = undefined
  }
}

function continues(tail: Acknowledgement, next: Acknowledgement): boolean {
  return (
    tail.type === next.type &&
    tail.last + 1 === next.first &&
    tail.session === next.session &&
    tail.index === next.index &&
    tail.code === next.code
  )
}
