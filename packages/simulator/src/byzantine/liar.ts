import type { Hash, Prng, ReplicaId, Sign, StreamClass } from '@novacron/base'
import type { Committee, SigningDomain } from '@novacron/consensus'
import type { Behaviour } from './behaviour.ts'

/** A message on its way to one place. */
export interface Letter<Message> {
  readonly to: number
  readonly streamClass: StreamClass
  readonly message: Message
  /** Held back for so long before it leaves. */
  readonly holdMs?: number
}

/** What a liar knows and may use: its own key, and nobody else's. */
export interface LiarSeat {
  readonly place: number
  readonly self: ReplicaId
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly sign: Sign
  readonly prng: Prng
  /** Liars know each other. */
  readonly isLiar?: (place: number) => boolean
}

/** Stands between an honest machine and the world. */
export interface Lie<Message, Gossip = never> {
  /** What leaves in place of a letter of the machine. */
  outgoing?(letter: Letter<Message>): readonly Letter<Message>[]
  /** What is gossiped in place of what the machine gossips. */
  published?(message: Gossip): readonly Gossip[]
  /** What it sends because of what it hears. */
  heard?(from: number, message: Message): readonly Letter<Message>[]
  /** True: the machine does not get to know. */
  hides?(from: number, message: Message): boolean
  /** Unasked, every so often. */
  idle?(): readonly Letter<Message>[]
}

/** How many messages a liar remembers, and sends at once beyond what an honest one would. */
export const memoryMax = 64
export const burstMax = 20

/** The lies that need no word of the protocol. */
export function plainLie<Message>(behaviour: Behaviour, seat: LiarSeat): Lie<Message> | undefined {
  const { prng, committee } = seat
  const others = committee.members.map((_, place) => place).filter(place => place !== seat.place)
  const victims = new Set(prng.shuffle(others).slice(0, Math.max(1, Math.floor(others.length / 3))))
  switch (behaviour) {
    case 'withhold':
      return { outgoing: letter => (victims.has(letter.to) ? [] : [letter]) }
    case 'censor': {
      const [censored] = prng.shuffle(others)
      return { hides: from => from === censored }
    }
    case 'delay':
      return { outgoing: letter => [{ ...letter, holdMs: prng.below(900) }] }
    case 'drop':
      return { outgoing: letter => (prng.chance(0.3) ? [] : [letter]) }
    case 'replay':
      return new Replay<Message>(seat, others)
    default:
      return undefined
  }
}

/** Keeps some of what it hears and sends it again, to anybody, much later. */
class Replay<Message> implements Lie<Message> {
  readonly #seat: LiarSeat
  readonly #others: readonly number[]
  readonly #kept: Message[] = []

  constructor(seat: LiarSeat, others: readonly number[]) {
    this.#seat = seat
    this.#others = others
  }

  heard(_from: number, message: Message): readonly Letter<Message>[] {
    const { prng } = this.#seat
    if (this.#kept.length < memoryMax) this.#kept.push(message)
    else if (prng.chance(0.1)) this.#kept[prng.below(memoryMax)] = message
    return []
  }

  idle(): readonly Letter<Message>[] {
    const { prng } = this.#seat
    if (this.#kept.length === 0) return []
    return Array.from({ length: 5 }, () => ({
      to: prng.pick(this.#others),
      streamClass: 'order' as const,
      message: prng.pick(this.#kept)
    }))
  }
}
