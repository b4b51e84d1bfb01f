import type { Socket } from 'node:net'
import { Fault } from '@novacron/base'
import { AckWriter } from './ack-writer.ts'
import {
  type Acknowledgement,
  encodeAcknowledgements,
  ingestCodes,
  noSession
} from './acknowledgement.ts'
import { type EnvelopeRun, walkFrame } from './envelope-frame.ts'
import { type FrameFault, FrameReader } from './frame-reader.ts'
import { InFlight } from './in-flight.ts'
import type { IngestOptions } from './options.ts'
import { RefusedRanges } from './refused-ranges.ts'
import type { CommittedRun, IngestSink } from './sink.ts'

/** For the reason record to arrive; then the connection is cut. */
const closeGraceMs = 1_000

interface IngestConnectionNeeds {
  readonly sink: IngestSink
  /** The connection sends for this session from now on, and wants its acknowledgements. */
  readonly onSession: (session: string) => void
  readonly onClosed: (reason: keyof typeof ingestCodes) => void
}

interface HeldFrame {
  readonly bytes: Uint8Array
  readonly count: number
  readonly runs: readonly EnvelopeRun[]
  readonly since: number
}

/** One client of the ingest socket: frames in, acknowledgements out, paused while the node cannot take more. */
export class IngestConnection {
  readonly sessions: Set<string> = new Set()
  readonly #socket: Socket
  readonly #options: IngestOptions
  readonly #needs: IngestConnectionNeeds
  readonly #frames: FrameReader
  readonly #acks: AckWriter
  readonly #inFlight = new InFlight()
  readonly #refused = new RefusedRanges()
  #held: HeldFrame | undefined
  #retry: NodeJS.Timeout | undefined
  #closedBy: keyof typeof ingestCodes | undefined

  constructor(socket: Socket, options: IngestOptions, needs: IngestConnectionNeeds) {
    this.#socket = socket
    this.#options = options
    this.#needs = needs
    this.#frames = new FrameReader(options.frameBytesMax)
    this.#acks = new AckWriter(options.ackBufferBytesMax, {
      socket,
      onSlow: () => this.close('slowReader')
    })
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#stop()
      needs.onClosed(this.#closedBy ?? 'none')
    })
  }

  get inFlightBytes(): number {
    return this.#inFlight.bytes
  }

  committed({ session, first, last, index, code }: CommittedRun): void {
    if (this.#closedBy !== undefined) return
    this.#inFlight.remove(session, first, last)
    this.#refused.remove(session, { first, last })
    this.#acks.add({ type: 'committed', session, first, last, index, code })
    if (this.#socket.isPaused()) this.#proceed()
  }

  /** The sink takes more again. */
  ready(): void {
    if (this.#retry !== undefined) this.#proceed()
  }

  /** Ends the connection with a last record that says why. */
  close(reason: keyof typeof ingestCodes): void {
    if (this.#closedBy !== undefined) return
    this.#closedBy = reason
    this.#acks.flush()
    this.#stop()
    this.#socket.resume()
    this.#socket.end(encodeAcknowledgements([closedRecord(ingestCodes[reason])]))
    setTimeout(() => this.#socket.destroy(), closeGraceMs).unref()
  }

  #stop(): void {
    clearTimeout(this.#retry)
    this.#acks.stop()
    this.#held = undefined
  }

  #onData(chunk: Buffer): void {
    // What still comes after the reason was sent is read and thrown away, or the client could not read the reason.
    if (this.#closedBy !== undefined) return
    this.#frames.append(chunk)
    this.#proceed()
  }

  /** Offers the held frame and what follows, until the input is used up or something is full. */
  #proceed(): void {
    try {
      while (this.#closedBy === undefined && !this.#isFull()) {
        const frame = this.#held ?? this.#nextFrame()
        if (frame === undefined) {
          this.#socket.resume()
          return
        }
        if (!this.#offer(frame)) break
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const { code } = error.facts as FrameFault
      this.close(code === 'frame-too-large' ? 'tooLarge' : 'malformed')
    }
    if (this.#closedBy === undefined) this.#socket.pause()
  }

  #isFull(): boolean {
    return this.#inFlight.bytes >= this.#options.inFlightBytesMax
  }

  #nextFrame(): HeldFrame | undefined {
    const bytes = this.#frames.next()
    if (bytes === undefined) return undefined
    const walked = walkFrame(bytes, this.#options.payloadBytesMax)
    if (walked.type === 'malformed') {
      this.close('malformed')
      return undefined
    }
    for (const { session } of walked.runs) {
      if (this.sessions.has(session)) continue
      if (this.sessions.size >= this.#options.sessionsPerConnectionMax) {
        this.close('tooManySessions')
        return undefined
      }
      this.sessions.add(session)
      this.#needs.onSession(session)
    }
    return { bytes, count: walked.count, runs: walked.runs, since: performance.now() }
  }

  /** False when the sink refused, so that the input waits. What cannot run before a refused number has come again never gets there. */
  #offer(frame: HeldFrame): boolean {
    if (!this.#refused.mayRun(frame.runs)) {
      this.#refuse(frame, 'gap')
      return true
    }
    const offer = this.#needs.sink.offer(frame.bytes, frame.count)
    const { accepted, retryAfterMs = this.#options.retryAfterMs } = offer
    clearTimeout(this.#retry)
    this.#retry = undefined
    if (accepted) {
      this.#held = undefined
      for (const run of frame.runs) {
        this.#inFlight.add(run)
        this.#refused.remove(run.session, run)
        this.#acks.add(recordOf('accepted', run, ingestCodes.none))
      }
      return true
    }
    const isOverdue = performance.now() - frame.since >= this.#options.holdMs
    if (isOverdue) this.#refuse(frame, 'busy', retryAfterMs)
    else this.#held = frame
    this.#retry = setTimeout(() => this.#proceed(), retryAfterMs)
    return false
  }

  #refuse({ runs }: HeldFrame, reason: 'busy' | 'gap', retryAfterMs = 0): void {
    this.#held = undefined
    for (const run of runs) {
      this.#refused.add(run)
      this.#acks.add(recordOf('refused', run, ingestCodes[reason], retryAfterMs))
    }
  }
}

function recordOf(
  type: 'accepted' | 'refused',
  { session, first, last }: EnvelopeRun,
  code: number,
  index = 0
): Acknowledgement {
  return { type, session, first, last, index, code }
}

export function closedRecord(code: number): Acknowledgement {
  return { type: 'closed', session: noSession, first: 0, last: 0, index: 0, code }
}
