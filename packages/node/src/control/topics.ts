import type { Topic, TopicValue } from '../api/node-control.ts'

type Listener = (value: never) => void

/** Listeners of the node's topics. The API bounds how many there are. */
export class Topics {
  readonly #listeners = new Map<Topic, Set<Listener>>()

  subscribe<T extends Topic>(topic: T, listener: (value: TopicValue<T>) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set<Listener>()
    this.#listeners.set(topic, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  count(topic: Topic): number {
    return this.#listeners.get(topic)?.size ?? 0
  }

  publish<T extends Topic>(topic: T, value: TopicValue<T>): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      ;(listener as (value: TopicValue<T>) => void)(value)
    }
  }
}
