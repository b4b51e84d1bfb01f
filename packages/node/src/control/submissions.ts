import { randomBytes } from 'node:crypto'
import { digestOf, fromHex, toHex } from '@novacron/base'
import {
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  kvApplication,
  kvKeyBytesMax,
  logApplication,
  nonceBytes
} from '@novacron/execution'
import { apiFault } from '../api/faults.ts'
import type {
  OpenedSession,
  OpenSessionRequest,
  Receipt,
  SubmitPayload,
  SubmitRequest,
  TransactionName
} from '../api/node-control.ts'
import { sha256 } from '../config/ed25519.ts'
import type { Receipts, Settled } from './receipts.ts'

export interface SubmissionNeeds {
  readonly receipts: Receipts
  readonly transactionBytesMax: number
  /** Gives envelopes to the replica. @throws {Fault<ApiFacts>} busy, not-ready */
  readonly offer: (region: Uint8Array, count: number) => void
  /** Has the session been opened and not evicted, as far as this node has executed? */
  readonly hasSession: (session: string) => boolean
}

/** Turns requests of the control API into envelopes and their outcomes into receipts. */
export class Submissions {
  readonly #needs: SubmissionNeeds
  #gateway: Numbered | undefined
  #opening: Promise<Numbered> | undefined

  constructor(needs: SubmissionNeeds) {
    this.#needs = needs
  }

  async open(request: OpenSessionRequest, signal: AbortSignal): Promise<OpenedSession> {
    const { clientKey, timeoutMs } = request
    const nonce = new Uint8Array(randomBytes(nonceBytes))
    const envelope = encodeSessionOpen(clientKey === undefined ? { nonce } : { nonce, clientKey })
    const settled = await withTimeout(timeoutMs, signal, async within => {
      const opened = this.#needs.receipts.waitOpen(digestOf(sha256, envelope), within)
      this.#offer(envelope, opened)
      return opened
    })
    if (settled.code !== 'ok' || settled.value === undefined) {
      throw apiFault({ code: 'refused', reason: settled.code })
    }
    return { session: toHex(settled.value), index: settled.index }
  }

  async submit(request: SubmitRequest, signal: AbortSignal): Promise<Receipt> {
    const { wait, timeoutMs } = request
    const { application, payload } = this.#payloadOf(request)
    let offered: TransactionName | undefined
    const work = async (within: AbortSignal): Promise<Receipt> => {
      const name = await this.#nameOf(request, within)
      const { session, next: sequence } = name
      const envelope = encodeEnvelope({ application, session: fromHex(session), sequence, payload })
      if (wait !== 'committed') {
        this.#needs.offer(envelope, 1)
        name.next++
        return { session, sequence, state: 'accepted' }
      }
      const settled = this.#needs.receipts.wait(session, sequence, within)
      this.#offer(envelope, settled)
      name.next++
      offered = { session, sequence }
      return receiptOf(await settled, request)
    }
    return withTimeout(timeoutMs, signal, work, () => offered)
  }

  /** Whoever waits was there before the offer, and is not heard when it is refused. */
  #offer(envelope: Uint8Array, waiting: Promise<unknown>): void {
    waiting.catch(() => undefined)
    this.#needs.offer(envelope, 1)
  }

  #payloadOf(request: SubmitPayload): { application: number; payload: Uint8Array } {
    const isLog = request.application === 'log'
    if (!isLog && request.operation.key.length > kvKeyBytesMax) {
      const size = request.operation.key.length
      throw apiFault({ code: 'too-large', what: 'key', size, limit: kvKeyBytesMax })
    }
    const payload = isLog ? request.payload : encodeKvOperation(request.operation)
    const limit = this.#needs.transactionBytesMax
    if (payload.length > limit) {
      throw apiFault({ code: 'too-large', what: 'transaction', size: payload.length, limit })
    }
    return { application: isLog ? logApplication : kvApplication, payload }
  }

  /**
   * Whose turn it is. The caller counts `next` up once the transaction has been taken and no sooner: a number that is given
   * out and never used is a gap, and a session stops at a gap.
   */
  async #nameOf(request: SubmitRequest, signal: AbortSignal): Promise<Numbered> {
    const { session, sequence } = request
    if (session !== undefined && sequence !== undefined) return { session, next: sequence }
    return unlessAborted(this.#gatewaySession(), signal)
  }

  /** Opened when it is first needed, and again when it was evicted; once for all who ask meanwhile. */
  #gatewaySession(): Promise<Numbered> {
    const known = this.#gateway
    if (known !== undefined && this.#needs.hasSession(known.session)) return Promise.resolve(known)
    this.#opening ??= this.open({ wait: 'committed', timeoutMs: gatewayOpenMs }, never)
      .then(({ session }) => {
        this.#gateway = { session, next: 1 }
        return this.#gateway
      })
      .finally(() => {
        this.#opening = undefined
      })
    return this.#opening
  }
}

/** A session and the sequence of its next transaction. */
interface Numbered {
  readonly session: string
  next: number
}

const never = new AbortController().signal

const gatewayOpenMs = 10_000

function receiptOf(settled: Settled, request: SubmitPayload): Receipt {
  const { session, sequence, index, ordinal, code, version } = settled
  if (code === 'session-expired') throw apiFault({ code: 'session-expired', session })
  const receipt = { session, sequence, state: 'committed', index, ordinal, code } as const
  const isVersioned = request.application === 'kv' && version !== undefined
  return isVersioned ? { ...receipt, version } : receipt
}

/** What many wait for goes on when one of them gives up. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}

async function withTimeout<T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (within: AbortSignal) => Promise<T>,
  offered: () => TransactionName | undefined = () => undefined
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const ended = new AbortController()
  try {
    return await work(AbortSignal.any([signal, timeout, ended.signal]))
  } catch (error) {
    if (timeout.aborted && error === timeout.reason) {
      throw apiFault({ code: 'timeout', afterMs: timeoutMs, ...offered() })
    }
    if (signal.aborted && error === signal.reason) throw apiFault({ code: 'cancelled' })
    throw error
  } finally {
    // What was refused must not wait on for the time that it had.
    ended.abort()
  }
}
