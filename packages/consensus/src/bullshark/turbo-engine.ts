import type { ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { DagView } from '../dag/dag.ts'
import type { Header } from '../dag/header.ts'
import { HeaderLinks } from '../dag/header-links.ts'
import type { Awaited, CommitEngine, LogPosition } from './engine.ts'
import type { LeaderSchedule } from './leader-schedule.ts'
import type { TurboOptions } from './options.ts'
import type { BullsharkRules, LeaderOf } from './rules.ts'

export interface TurboEngineNeeds {
  readonly dag: DagView
  readonly rules: BullsharkRules
  readonly schedule: Pick<LeaderSchedule, 'leadersOf'>
}

/** The next anchor to be decided. */
interface Cursor {
  readonly round: Round
  readonly anchor: ReplicaId
}

/** Who leads the rounds from a cursor on: it, and as many of every second round above it as were asked for. */
interface Instance {
  readonly position: LogPosition
  readonly cursor: Cursor
  readonly leaders: ReplicaId[]
  /** Since a quorum had led last. */
  hasLed: Set<ReplicaId>
}

/** Headers of so many rounds above the highest quorum are looked at; further ones count once they are certified. */
const headerRoundsAhead = 4
/** Without an anchor for so many rounds a leader is waited for even if nothing has been heard of it. */
const patientRounds = 6
/** A leader without a vertex in so many rounds before is not hoped for, whatever headers it sends. */
const hopefulRounds = 3
/** From so much in one header on, payload takes longer to be everywhere than what names it. */
const muchPayloadBytes = 131_072

/**
 * Bullshark, started anew after every anchor. The log's position gives a cursor: the next anchor to decide, in the round of
 * the last one or after it. An instance has the cursor's anchor and a leader in every second round above it; the lowest
 * one that is committed leads back to the oldest that it reaches, and that one alone is ordered before all is read again.
 *
 * Nobody leads an instance twice before a quorum has led it. Leaders drawn anew in each round would at times be one that is gone
 * three or four times in a row, and nothing is ordered meanwhile; so it costs an instance two rounds, or four at the end of a turn.
 *
 * An anchor is committed by certified votes of f+1, as ever, or by the signed headers of 2f+1 authors of the next round that
 * name it. Any vertex two rounds above rests on 2f+1 vertices of the next round, f+1 of them by these authors, one of those
 * honest: it has signed no other header there, so the path to the anchor is in every history that can become a later anchor's.
 *
 * source: Spiegelman et al., Shoal, arXiv 2306.03058; Arun et al., Shoal++, arXiv 2405.20488
 */
export class TurboEngine implements CommitEngine {
  readonly #options: TurboOptions
  readonly #needs: TurboEngineNeeds
  readonly #headers: HeaderLinks
  readonly #step: number
  #instance: Instance | undefined

  constructor(options: TurboOptions, needs: TurboEngineNeeds) {
    this.#options = options
    this.#needs = needs
    this.#headers = new HeaderLinks(needs.dag.committee)
    this.#step = options.pipelined ? 1 : 2
  }

  next(position: LogPosition): readonly Certificate[] {
    const { dag, rules } = this.#needs
    const instance = this.#instanceAt(position)
    const { cursor } = instance
    const leaderOf: LeaderOf = round => this.#leaderOf(round, instance)
    for (let round = cursor.round; round <= dag.highestRound; round = (round + 2) as Round) {
      const anchor = dag.at(round, leaderOf(round))
      if (anchor === undefined || !this.#isCommitted(anchor)) continue
      const after = (cursor.round - 1) as Round
      return rules.anchorsToOrder(rules.anchorChain(dag, leaderOf, after, anchor))
    }
    return []
  }

  /** Each commit has a position of its own. */
  #instanceAt(position: LogPosition): Instance {
    if (this.#instance?.position !== position) {
      const cursor = this.#cursorAt(position)
      const leaders = [cursor.anchor]
      this.#instance = { position, cursor, leaders, hasLed: new Set(leaders) }
    }
    return this.#instance
  }

  /** Who leads an instance in its cursor's round, or any even number of rounds above. A function of the log alone, like the schedule. */
  #leaderOf(round: Round, instance: Instance): ReplicaId {
    const { schedule, dag } = this.#needs
    const { cursor, leaders } = instance
    const index = (round - cursor.round) / 2
    while (leaders.length <= index) {
      // With a quorum one that is honest and here has had its turn, and by weight, so many light members do not hold up the heavy.
      const ledWeight = dag.committee.weightOfAll([...instance.hasLed])
      if (ledWeight >= dag.committee.quorumWeight) instance.hasLed = new Set()
      const { hasLed } = instance
      const above = (cursor.round + 2 * leaders.length) as Round
      // Those who do not lag are a quorum, and who has led is none.
      const order = schedule.leadersOf(above, hasLed.size + 1)
      const next = order.find(author => !hasLed.has(author)) as ReplicaId
      hasLed.add(next)
      leaders.push(next)
    }
    return leaders[index] as ReplicaId
  }

  onHeader(header: Header, position: LogPosition): boolean {
    const { round } = header
    this.#headers.collect(position.round)
    const highest = this.#needs.dag.highestRound + headerRoundsAhead
    if (round <= position.round || round > highest) return false
    return this.#headers.offer(header) && this.#options.fastCommit
  }

  anchorsOf(round: Round, position: LogPosition): readonly ReplicaId[] {
    const instance = this.#instanceAt(position)
    const above = round - instance.cursor.round
    const anchors = this.#scheduled(round)
    if (above <= 0 || above % 2 !== 0) return anchors
    const leader = this.#leaderOf(round, instance)
    if (leader === anchors[0]) return anchors
    return [leader, ...anchors.filter(author => author !== leader)].slice(0, anchors.length)
  }

  /** Who may be the anchors of a round that no instance has begun with. */
  #scheduled(round: Round): readonly ReplicaId[] {
    if (round < this.#step || round % this.#step !== 0) return []
    return this.#needs.schedule.leadersOf(round, this.#options.anchorsPerRound)
  }

  awaits(round: Round, self: ReplicaId, position: LogPosition): Awaited {
    const { dag } = this.#needs
    const { cursor } = this.#instanceAt(position)
    // In the rounds between nobody leads the instance, so nothing would come of patience.
    const isLed = (round - cursor.round) % 2 === 0
    const isPatient = isLed && round - position.round > patientRounds
    if (cursor.round < round && this.#awaitsVotes(round, self, position)) return 'leader'
    if (cursor.round > round) return this.#openVertex(round)
    const anchors = this.anchorsOf(round, position)
    const missing = anchors.filter(author => dag.at(round, author) === undefined)
    const [leader] = anchors
    const isLate = leader !== undefined && missing[0] === leader
    if (isLate && this.#isActive(round, leader)) return 'leader'
    if (isLate && isPatient) return 'silent-leader'
    if (missing.some(author => this.#headers.has(round, author))) return 'anchors'
    return this.#openVertex(round)
  }

  /**
   * A vertex whose header is here. Whoever is always a little late would never be linked to, and so never get a better name. Much
   * payload makes late, and later still each time that it has to be named again with what has come since; whoever names much
   * and never has a vertex is not waited for.
   */
  #openVertex(round: Round): 'nothing' | 'links' | 'payload' {
    const { dag } = this.#needs
    let open: 'nothing' | 'links' = 'nothing'
    for (const replica of dag.committee.members.keys()) {
      const author = replica as ReplicaId
      if (dag.at(round, author) !== undefined || !this.#headers.has(round, author)) continue
      const isMuch = this.#headers.payloadBytes(round, author) >= muchPayloadBytes
      if (isMuch && this.#isActive(round, author)) return 'payload'
      open = 'links'
    }
    return open
  }

  /** Votes on the leader of the round before may still go either way, and whoever leads next need not wait for them. */
  #awaitsVotes(round: Round, self: ReplicaId, position: LogPosition): boolean {
    const { dag } = this.#needs
    const before = (round - 1) as Round
    const [leader] = this.anchorsOf(before, position)
    const anchor = leader === undefined ? undefined : dag.at(before, leader)
    if (anchor === undefined) return false
    if (this.anchorsOf((round + 1) as Round, position)[0] === self) return false
    if (this.#isCommitted(anchor)) return false
    const others = dag.weightAt(round) - dag.linkWeight(anchor)
    return others < dag.committee.quorumWeight
  }

  /**
   * Can it be hoped for? Its vertex of the round before is here; or it has shown itself since, and has had a vertex not long ago.
   * Who shows itself to few has headers and no vertices: a few that waited for it would make all others wait for them.
   */
  #isActive(round: Round, author: ReplicaId): boolean {
    const { dag } = this.#needs
    const before = (round - 1) as Round
    if (dag.at(before, author) !== undefined) return true
    if (!this.#headers.has(round, author) && !this.#headers.has(before, author)) return false
    // Where there is nothing before, everybody may be hoped for.
    if (round <= hopefulRounds) return true
    for (let back = 2; back <= hopefulRounds; back++) {
      if (dag.at((round - back) as Round, author) !== undefined) return true
    }
    return false
  }

  #isCommitted(anchor: Certificate): boolean {
    const { dag, rules } = this.#needs
    if (dag.linkWeight(anchor) >= rules.commitWeight(dag.committee)) return true
    if (!this.#options.fastCommit) return false
    return this.#headers.linkWeight(anchor) >= rules.fastCommitWeight(dag.committee)
  }

  /** The anchors of the last round that are left, then the leader of the next. A function of the log alone. */
  #cursorAt({ round, anchors }: LogPosition): Cursor {
    if (round > 0 && anchors < this.#options.anchorsPerRound) {
      const { dag } = this.#needs
      // The schedule may have changed within the round: whoever was ordered by the old one is not asked for again.
      const left = this.#scheduled(round).find(author => !dag.isCommitted(round, author))
      if (left !== undefined) return { round, anchor: left }
    }
    const next = (round + this.#step) as Round
    return { round: next, anchor: this.#scheduled(next)[0] as ReplicaId }
  }
}
