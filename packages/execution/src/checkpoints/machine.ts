import {
  type Machine,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Sign,
  unreachable,
  type Write
} from '@novacron/base'
import {
  type Checkpoint,
  type CheckpointCertificate,
  checkpointSigningBytes,
  encodeCertificate,
  signedWeight
} from '../checkpoint.ts'
import { executionTables } from '../tables.ts'
import {
  type CheckpointEffect,
  type CheckpointEvent,
  type CheckpointMessage,
  type CheckpointVote,
  encodeVote
} from './messages.ts'
import {
  type CheckpointOptions,
  checkCheckpointOptions,
  defaultCheckpointOptions
} from './options.ts'
import { checkpointKey, type RestoredCheckpoints } from './restored.ts'
import { type CheckpointCommittee, type CheckpointRules, checkpointRules } from './rules.ts'
import { VoteBook } from './vote-book.ts'

export const checkpointTimer = 'checkpoint-resend'
/** Peers of which it is remembered when they were answered last. */
const answeredPeersMax = 2_048

export interface CheckpointNeeds {
  readonly committee: CheckpointCommittee
  /** Undefined for an observer: it checks and never signs. */
  readonly self: ReplicaId | undefined
  readonly sign: Sign
  readonly restored?: RestoredCheckpoints
  readonly rules?: CheckpointRules
}

interface OwnVote {
  readonly vote: CheckpointVote
  resends: number
}

/**
 * Collects signatures under the state after every N commits, until a quorum has signed one.
 *
 * Effects, in the order in which they must be performed: the own vote is durable before it is sent, so that a restart never
 * signs another state for the same index; a certificate is durable before `certified` lets anybody prune.
 */
export class Checkpoints implements Machine<CheckpointEvent, CheckpointEffect> {
  readonly #options: CheckpointOptions
  readonly #needs: CheckpointNeeds
  readonly #rules: CheckpointRules
  readonly #book: VoteBook
  /** Newest last, at most `certificatesMax`. */
  #certificates: CheckpointCertificate[]
  /** Own states that a late certificate is compared with; newest last, at most `openVotesMax`. */
  #own: Checkpoint[] = []
  /** Own votes without a certificate, by index. */
  readonly #ownVotes = new Map<number, OwnVote>()
  /** Signed before the restart, and not made again since. */
  readonly #earlierVotes = new Map<number, CheckpointVote>()
  readonly #answeredAt = new Map<PeerId, Millis>()
  #isTimerSet = false
  #hasDiverged = false

  constructor(options: Partial<CheckpointOptions>, needs: CheckpointNeeds) {
    this.#options = { ...defaultCheckpointOptions, ...options }
    checkCheckpointOptions(this.#options)
    this.#needs = needs
    this.#rules = needs.rules ?? checkpointRules
    this.#book = new VoteBook(this.#options.openVotesMax)
    this.#certificates = [...(needs.restored?.certificates ?? [])]
    for (const vote of needs.restored?.votes ?? []) {
      this.#earlierVotes.set(vote.checkpoint.index, vote)
    }
  }

  /** The newest, restored ones included. */
  get certified(): CheckpointCertificate | undefined {
    return this.#certificates.at(-1)
  }

  get hasDiverged(): boolean {
    return this.#hasDiverged
  }

  /** Votes held for checkpoints without a certificate. */
  get openVotes(): number {
    return this.#book.size
  }

  step(event: CheckpointEvent, now: Millis): readonly CheckpointEffect[] {
    const out: CheckpointEffect[] = []
    switch (event.type) {
      case 'executed':
        this.#onExecuted(event.checkpoint, now, out)
        break
      case 'received':
        this.#onMessage(event.from, event.message, now, out)
        break
      case 'certificate-seen':
        this.#onCertificate(event.certificate, out)
        break
      case 'timer-fired':
        this.#onTimer(now, out)
        break
      default:
        return unreachable(event)
    }
    return out
  }

  #onExecuted(checkpoint: Checkpoint, now: Millis, out: CheckpointEffect[]): void {
    this.#own = [...this.#own, checkpoint].slice(-this.#options.openVotesMax)
    const certificate = this.#certificates.find(
      known => known.checkpoint.index === checkpoint.index
    )
    if (certificate !== undefined) this.#compare(checkpoint, certificate.checkpoint, 'quorum', out)
    const isOld = checkpoint.index <= this.#certifiedIndex()
    const { self } = this.#needs
    if (isOld || self === undefined || this.#hasDiverged) return
    const earlier = this.#earlierVotes.get(checkpoint.index)
    if (earlier !== undefined && !this.#compare(checkpoint, earlier.checkpoint, 'own-vote', out)) {
      return
    }
    const vote = earlier ?? this.#sign(checkpoint, self, out)
    this.#ownVotes.set(checkpoint.index, { vote, resends: 0 })
    this.#boundOwnVotes()
    out.push({ type: 'broadcast', class: 'order', message: { type: 'checkpoint-vote', vote } })
    this.#setTimer(now, out)
    this.#count(vote, out)
  }

  #sign(checkpoint: Checkpoint, self: ReplicaId, out: CheckpointEffect[]): CheckpointVote {
    const signature = this.#needs.sign(checkpointSigningBytes(checkpoint))
    const vote = { checkpoint, replica: self, signature }
    const row = { table: executionTables.checkpointVote, key: checkpointKey(checkpoint.index) }
    out.push({
      type: 'persist',
      writes: [{ type: 'put', ...row, value: encodeVote(vote) }],
      durable: true
    })
    return vote
  }

  #onMessage(from: PeerId, message: CheckpointMessage, now: Millis, out: CheckpointEffect[]): void {
    if (message.type === 'checkpoint-certificate') {
      this.#onCertificate(message.certificate, out)
      return
    }
    const { vote } = message
    if (vote.checkpoint.index <= this.#certifiedIndex()) {
      this.#answer(from, now, out)
      return
    }
    if (this.#needs.committee.memberOf(vote.replica) === undefined) {
      out.push({ type: 'count', name: 'checkpoint_vote_unknown', by: 1 })
      return
    }
    const added = this.#book.add(vote)
    if (added === 'conflict') {
      // Not a penalty for `from`, who may only have passed it on; the signature tells who it was.
      out.push({ type: 'count', name: 'checkpoint_vote_conflict', by: 1 })
      const { replica, checkpoint } = vote
      const facts = { replica, index: checkpoint.index }
      out.push({ type: 'note', level: 'warn', event: 'checkpoint-vote-conflicts', facts })
    }
    if (added === 'added') this.#assemble(vote, out)
  }

  /** Whoever still votes for it has missed that it is done. */
  #answer(from: PeerId, now: Millis, out: CheckpointEffect[]): void {
    const certificate = this.certified
    const last = this.#answeredAt.get(from)
    const isSoon = last !== undefined && now < last + this.#options.resendDelayMs
    if (certificate === undefined || isSoon) return
    if (this.#answeredAt.size >= answeredPeersMax) this.#answeredAt.clear()
    this.#answeredAt.set(from, now)
    const message = { type: 'checkpoint-certificate', certificate } as const
    out.push({ type: 'send', to: from, class: 'sync', message })
  }

  #count(vote: CheckpointVote, out: CheckpointEffect[]): void {
    if (this.#book.add(vote) === 'added') this.#assemble(vote, out)
  }

  #assemble(vote: CheckpointVote, out: CheckpointEffect[]): void {
    const { committee } = this.#needs
    const certificate = this.#book.certificateOf(vote)
    const weight = signedWeight(certificate, committee.memberOf) ?? 0
    if (this.#rules.isQuorum(weight, committee)) this.#onCertificate(certificate, out)
  }

  #onCertificate(certificate: CheckpointCertificate, out: CheckpointEffect[]): void {
    const { checkpoint } = certificate
    if (checkpoint.index <= this.#certifiedIndex()) return
    this.#certificates = [...this.#certificates, certificate].slice(-this.#options.certificatesMax)
    this.#book.forgetUpTo(checkpoint.index)
    for (const votes of [this.#ownVotes, this.#earlierVotes]) {
      for (const index of votes.keys()) if (index <= checkpoint.index) votes.delete(index)
    }
    out.push({ type: 'persist', writes: this.#writesOf(certificate), durable: true })
    out.push({ type: 'certified', certificate })
    const own = this.#own.find(known => known.index === checkpoint.index)
    if (own !== undefined) this.#compare(own, checkpoint, 'quorum', out)
  }

  /** The certificate in, everything that it makes superfluous out. */
  #writesOf(certificate: CheckpointCertificate): Write[] {
    const key = checkpointKey(certificate.checkpoint.index)
    const oldest = this.#certificates[0] as CheckpointCertificate
    const from = checkpointKey(0)
    const { checkpoint, checkpointVote } = executionTables
    const keep = checkpointKey(oldest.checkpoint.index)
    const next = checkpointKey(certificate.checkpoint.index + 1)
    return [
      { type: 'put', table: checkpoint, key, value: encodeCertificate(certificate) },
      { type: 'delete-range', table: checkpoint, from, to: keep },
      { type: 'delete-range', table: checkpointVote, from, to: next }
    ]
  }

  /** False, and silence from then on, when the own state is another one. */
  #compare(
    own: Checkpoint,
    other: Checkpoint,
    cause: 'quorum' | 'own-vote',
    out: CheckpointEffect[]
  ): boolean {
    if (this.#rules.agrees(own, other)) return true
    if (this.#hasDiverged) return false
    this.#hasDiverged = true
    this.#ownVotes.clear()
    const { index } = own
    const facts = { index, cause, own: own.stateRoot, other: other.stateRoot }
    out.push({ type: 'note', level: 'error', event: 'state-diverged', facts })
    out.push({ type: 'diverged', index, cause, own, other })
    return false
  }

  #onTimer(now: Millis, out: CheckpointEffect[]): void {
    this.#isTimerSet = false
    let isAnyLeft = false
    for (const own of this.#ownVotes.values()) {
      if (own.resends >= this.#options.resendsMax) continue
      own.resends++
      isAnyLeft = true
      const message = { type: 'checkpoint-vote', vote: own.vote } as const
      out.push({ type: 'broadcast', class: 'order', message })
    }
    if (isAnyLeft) this.#setTimer(now, out)
  }

  #setTimer(now: Millis, out: CheckpointEffect[]): void {
    if (this.#isTimerSet) return
    this.#isTimerSet = true
    const at = (now + this.#options.resendDelayMs) as Millis
    out.push({ type: 'set-timer', timer: checkpointTimer, at })
  }

  #boundOwnVotes(): void {
    const [oldest] = this.#ownVotes.keys()
    const isOver = this.#ownVotes.size > this.#options.openVotesMax
    if (isOver && oldest !== undefined) this.#ownVotes.delete(oldest)
  }

  #certifiedIndex(): number {
    return this.certified?.checkpoint.index ?? 0
  }
}
