import type { ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { Header } from '../dag/header.ts'

/** How far the log is, in anchors: all that a commit engine knows of the past, so that a restore gives it back. */
export interface LogPosition {
  /** Round of the last anchor ordered; 0 before the first. */
  readonly round: Round
  /** How many anchors of that round are ordered. */
  readonly anchors: number
}

/**
 * What a round still waits for before the next may be opened: its leader, other anchors that are about to come, much payload
 * that nobody would lead to, vertices that would be links of the next, or nothing. A silent leader is one that has not been
 * heard of lately.
 */
export type Awaited = 'nothing' | 'links' | 'payload' | 'anchors' | 'silent-leader' | 'leader'

/**
 * Which anchors the DAG commits next: the one part in which the modes of the protocol differ. Every answer is a function of
 * the log so far and of the DAG, never of the order in which things arrived.
 */
export interface CommitEngine {
  /** Anchors that come next in the log, oldest first; empty while none is decided. Asked again once they are ordered. */
  next(position: LogPosition): readonly Certificate[]
  /** A header whose signature holds, certified or not. True when anchors may be decided by it. */
  onHeader(header: Header, position: LogPosition): boolean
  /** Who may be the anchors of a round, in the order in which they are decided; empty where a round has none. */
  anchorsOf(round: Round, position: LogPosition): readonly ReplicaId[]
  /** What a round of which a quorum is certified still waits for. */
  awaits(round: Round, self: ReplicaId, position: LogPosition): Awaited
}
