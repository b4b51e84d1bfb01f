import type { CommitIndex, Digest, Millis, ReplicaId, Sign } from '@novacron/base'
import type { SigningDomain } from '@novacron/consensus'
import type { ReplicaEffect } from './effects.ts'
import { headSigningBytes, type SignedHead } from './head.ts'

export const headTimer = 'replica/head'

/** Tells observers how far the log is, at most once in an interval, and only when it moved. */
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
      readonly domain: SigningDomain
      readonly self: ReplicaId | undefined
      readonly sign: Sign
    }
  ) {
    this.#intervalMs = intervalMs
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
