import { type ApiFacts, apiFactsOf, apiFault } from './faults.ts'
import { LogFollower } from './log-follower.ts'
import { jsonOfLogPage } from './log-page.ts'
import type { Subscriber } from './method.ts'
import type { JsonTopic, JsonTopicValues } from './method-types.ts'
import type { LogPosition, NodeControl } from './node-control.ts'
import type { ApiOptions } from './options.ts'
import type { Outbox } from './outbox.ts'

type SubscriptionLimits = Pick<ApiOptions, 'subscriptionsPerClientMax' | 'subscriptionCommitsMax'>

interface SubscriptionNeeds {
  readonly node: NodeControl
  readonly outbox: Outbox
  /** Told of an error that no caller may see. */
  readonly onInternalError: (where: string, error: unknown) => void
  /** Gives the client up, with the facts as reason. */
  readonly giveUp: (facts: ApiFacts) => void
}

interface OpenedSubscription {
  readonly id: string
  /** Values flow from here on: called when the answer to `subscribe` has been written. */
  readonly start: () => void
}

/** The subscriptions of one connection. */
export class Subscriptions {
  readonly #options: SubscriptionLimits
  readonly #needs: SubscriptionNeeds
  readonly #stops = new Map<string, () => void>()
  #made = 0
  #closed = false

  constructor(options: SubscriptionLimits, needs: SubscriptionNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** The face for the calls of one message; `start` lets the values of what they opened flow. */
  forMessage(): Subscriber & { readonly start: () => void } {
    const opened: OpenedSubscription[] = []
    return {
      subscribe: async (topic, from) => {
        const subscription = await this.#open(topic, from)
        opened.push(subscription)
        return subscription.id
      },
      unsubscribe: id => this.#end(id),
      start: () => {
        for (const { start } of opened) start()
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops.values()) stop()
    this.#stops.clear()
  }

  async #open(topic: JsonTopic, from: number | undefined): Promise<OpenedSubscription> {
    const limit = this.#options.subscriptionsPerClientMax
    if (this.#stops.size >= limit) {
      throw apiFault({ code: 'limit-reached', what: 'subscriptions of this connection', limit })
    }
    this.#made += 1
    const id = `s${this.#made}`
    // The place is taken before anything is awaited, so that calls of one batch cannot pass the limit together.
    this.#stops.set(id, () => {})
    if (topic === 'consensus.rounds') return { id, start: () => this.#startRounds(id) }
    try {
      const position = await this.#positionOf(from)
      return { id, start: () => this.#startLog(id, position) }
    } catch (error) {
      this.#stops.delete(id)
      throw error
    }
  }

  async #positionOf(from: number | undefined): Promise<LogPosition> {
    const { node } = this.#needs
    if (from === undefined) return { index: node.status().executedIndex + 1, ordinal: 0 }
    const position = { index: from, ordinal: 0 }
    // Asked for its error alone: `pruned` belongs to the answer of `subscribe`.
    await node.logRange({ from: position, limit: 1 })
    return position
  }

  #startRounds(id: string): void {
    if (!this.#isOpen(id)) return
    const stop = this.#needs.node.subscribe('consensus.rounds', round =>
      this.#needs.outbox.notify(notification(id, 'consensus.rounds', round))
    )
    this.#stops.set(id, stop)
  }

  #startLog(id: string, from: LogPosition): void {
    if (!this.#isOpen(id)) return
    const { node, outbox, giveUp } = this.#needs
    const limit = this.#options.subscriptionCommitsMax
    const follower = new LogFollower(
      { from, commitsBehindMax: limit },
      {
        node,
        deliver: async page => {
          await outbox.room()
          const { entries, next } = jsonOfLogPage(page)
          if (this.#isOpen(id)) outbox.notify(notification(id, 'log.committed', { entries, next }))
          await outbox.room()
        },
        onSlow: () => giveUp({ code: 'slow-client', limit }),
        onFault: error => this.#onFault(error)
      }
    )
    this.#stops.set(id, () => follower.stop())
    void follower.run()
  }

  #onFault(error: unknown): void {
    const facts = apiFactsOf(error)
    if (facts === undefined) this.#needs.onInternalError('log.committed', error)
    this.#needs.giveUp(facts ?? { code: 'not-ready', state: 'the log cannot be read' })
  }

  #isOpen(id: string): boolean {
    return !this.#closed && this.#stops.has(id)
  }

  #end(id: string): void {
    const stop = this.#stops.get(id)
    if (stop === undefined) throw apiFault({ code: 'unknown-subscription', subscription: id })
    this.#stops.delete(id)
    stop()
  }
}

function notification<T extends JsonTopic>(
  subscription: string,
  topic: T,
  value: JsonTopicValues[T]
): string {
  const params = { subscription, topic, value }
  return JSON.stringify({ jsonrpc: '2.0', method: 'subscription', params })
}
