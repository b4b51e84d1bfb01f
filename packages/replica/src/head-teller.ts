import type { CommitIndex, Digest, Millis, ReplicaId, Sign } from '@novacron/base'
import type { Committee, SigningDomain } from '@novacron/consensus'
import type { ReplicaEffect } from './effects.ts'
import { headSigningBytes, type SignedHead } from './head.ts'

export const headTimer = 'replica/head'

/** So many members that tell a head each in every interval are enough: whoever listens hears of the log from any of them. */
const tellersPerInterval = 4

/**
 * Tells observers how far the log is, at most once in an interval, and only when it moved. Everybody passes each head on, so the
 * more members there are, the longer is the interval of each: of ten that told four heads a second each, passing heads on took more
 * than a tenth of the CPU.
 */
export class HeadTeller {
  readonly #intervalMs: number
  readonly #domain: SigningDomain
  readonly #self: ReplicaId | undefined
  readonly #sign: Sign
  #told = 0
  #isWaiting = false

  constructor(
    intervalMs: number,
    needs: {
      readonly committee: Pick<Committee, 'size'>
      readonly domain: SigningDomain
      readonly self: ReplicaId | undefined
      readonly sign: Sign
    }
  ) {
    this.#intervalMs = Math.ceil(
      intervalMs * Math.max(1, needs.committee.size / tellersPerInterval)
    )
    this.#domain = needs.domain
    this.#self = needs.self
    this.#sign = needs.sign
  }

  onExecuted(now: Millis, out: ReplicaEffect[]): void {
    if (this.#self === undefined || this.#isWaiting) return
    this.#isWaiting = true
    out.push({ type: 'set-timer', timer: headTimer, at: (now + this.#intervalMs) as Millis })
  }

  onTimer(index: CommitIndex, digest: Digest, out: ReplicaEffect[]): void {
    this.#isWaiting = false
    if (this.#self === undefined || index <= this.#told) return
    this.#told = index
    const unsigned = { epoch: this.#domain.epoch, index, digest, replica: this.#self }
    const signature = this.#sign(headSigningBytes(unsigned, this.#domain))
    const head: SignedHead = { ...unsigned, signature }
    out.push({ type: 'publish', message: { topic: 'heads', head } })
  }
}
