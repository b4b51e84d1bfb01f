import { assert } from '@novacron/base'

/** Small frames cost bookkeeping too: an empty frame is charged as this many bytes, so that frames in flight are bounded. */
export const frameChargeBytesMin = 64

export function chargeOf(frameLength: number): number {
  return Math.max(frameLength, frameChargeBytesMin)
}

/** What we may still send on one class of one connection: never more than the window beyond what the peer has handled. */
export class SendCredit {
  #windowBytes = 0
  #sentBytes = 0
  #handledBytes = 0

  get inFlightBytes(): number {
    return this.#sentBytes - this.#handledBytes
  }

  get availableBytes(): number {
    return this.#windowBytes - this.inFlightBytes
  }

  open(windowBytes: number): void {
    this.#windowBytes = windowBytes
  }

  take(charge: number): void {
    assert(charge <= this.availableBytes, `credit ${charge} of ${this.availableBytes}`)
    this.#sentBytes += charge
  }

  /** False for a total that goes back, or beyond what was sent: the peer lies. */
  handled(totalBytes: number): boolean {
    if (totalBytes < this.#handledBytes || totalBytes > this.#sentBytes) return false
    this.#handledBytes = totalBytes
    return true
  }
}

/** What the peer may still send us. A frame occupies credit from its header on, until its handler has settled. */
export class ReceiveCredit {
  #windowBytes = 0
  #reportAtBytes = 1
  #admittedBytes = 0
  #settledBytes = 0
  #reportedBytes = 0

  get pendingBytes(): number {
    return this.#admittedBytes - this.#settledBytes
  }

  get availableBytes(): number {
    return this.#windowBytes - (this.#admittedBytes - this.#reportedBytes)
  }

  /**
   * Reports wait until a quarter of the window is due, but never so long that the largest frame would not fit into what
   * the sender has left: otherwise an idle stream could stall.
   */
  open(windowBytes: number, frameBytesMax: number): void {
    this.#windowBytes = windowBytes
    this.#reportAtBytes = Math.max(1, Math.min(windowBytes / 4, windowBytes - frameBytesMax))
  }

  admit(charge: number): boolean {
    if (charge > this.availableBytes) return false
    this.#admittedBytes += charge
    return true
  }

  settle(charge: number): void {
    this.#settledBytes += charge
    assert(this.#settledBytes <= this.#admittedBytes, 'settled more than was admitted')
  }

  /** The cumulative total to report now, if one is due. */
  report(): number | undefined {
    if (this.#settledBytes - this.#reportedBytes < this.#reportAtBytes) return undefined
    this.#reportedBytes = this.#settledBytes
    return this.#settledBytes
  }
}
