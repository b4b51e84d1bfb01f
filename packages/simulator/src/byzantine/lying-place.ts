import type { EventQueue } from '../event-queue.ts'
import type { Behaviour } from './behaviour.ts'
import { type Letter, type LiarSeat, type Lie, plainLie } from './liar.ts'

export interface LyingPlaceNeeds<Message> {
  readonly queue: EventQueue
  readonly isUp: () => boolean
  readonly deliver: (letter: Letter<Message>) => void
  /** Something left that an honest machine would not have sent, or did not leave. */
  readonly onLie: (behaviour: Behaviour) => void
}

const idleMs = 150

interface NamedLie<Message, Gossip> {
  readonly behaviour: Behaviour
  readonly lie: Lie<Message, Gossip>
}

/** All lies of one place, one after another over whatever its machine does. */
export class LyingPlace<Message, Gossip = never> {
  readonly #lies: readonly NamedLie<Message, Gossip>[]
  readonly #needs: LyingPlaceNeeds<Message>

  constructor(
    behaviours: readonly Behaviour[],
    seat: LiarSeat,
    words: { lie?(behaviour: Behaviour, seat: LiarSeat): Lie<Message, Gossip> | undefined },
    needs: LyingPlaceNeeds<Message>
  ) {
    this.#needs = needs
    this.#lies = behaviours.flatMap(behaviour => {
      const lie: Lie<Message, Gossip> | undefined =
        plainLie<Message>(behaviour, seat) ?? words.lie?.(behaviour, seat)
      return lie === undefined ? [] : [{ behaviour, lie }]
    })
    if (this.#lies.some(({ lie }) => lie.idle !== undefined)) this.#idle()
  }

  outgoing(letter: Letter<Message>): void {
    let letters: readonly Letter<Message>[] = [letter]
    for (const { behaviour, lie } of this.#lies) {
      if (lie.outgoing === undefined) continue
      const before = letters
      letters = before.flatMap(one => lie.outgoing?.(one) ?? [one])
      if (!isSame(before, letters)) this.#needs.onLie(behaviour)
    }
    for (const one of letters) this.#send(one)
  }

  /** What is gossiped in place of `message`. */
  published(message: Gossip): readonly Gossip[] {
    let messages: readonly Gossip[] = [message]
    for (const { behaviour, lie } of this.#lies) {
      if (lie.published === undefined) continue
      const before = messages
      messages = before.flatMap(one => lie.published?.(one) ?? [one])
      if (!isSame(before, messages)) this.#needs.onLie(behaviour)
    }
    return messages
  }

  /** True when the machine must not get to know. */
  hears(from: number, message: Message): boolean {
    let isHidden = false
    for (const { behaviour, lie } of this.#lies) {
      for (const letter of lie.heard?.(from, message) ?? []) {
        this.#needs.onLie(behaviour)
        this.#send(letter)
      }
      if (lie.hides?.(from, message) !== true) continue
      this.#needs.onLie(behaviour)
      isHidden = true
    }
    return isHidden
  }

  #send(letter: Letter<Message>): void {
    const { queue, deliver } = this.#needs
    if (letter.holdMs === undefined) deliver(letter)
    else queue.schedule(queue.now + letter.holdMs, () => deliver(letter))
  }

  #idle(): void {
    const { queue, isUp } = this.#needs
    queue.schedule(queue.now + idleMs, () => {
      this.#idle()
      if (!isUp()) return
      for (const { behaviour, lie } of this.#lies) {
        for (const letter of lie.idle?.() ?? []) {
          this.#needs.onLie(behaviour)
          this.#send(letter)
        }
      }
    })
  }
}

function isSame<T>(before: readonly T[], after: readonly T[]): boolean {
  return before.length === after.length && before.every((one, at) => one === after[at])
}
