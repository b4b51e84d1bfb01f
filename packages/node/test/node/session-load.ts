import { Fault } from '@novacron/base'
import type { NodeProcess } from './node-process.ts'

/** So that segments are written every second or two. */
const payloadBytes = 1_024

/** One transaction whose receipt a client holds. */
export interface Acknowledged {
  readonly session: string
  readonly sequence: number
  readonly payload: string
}

/**
 * Clients that each use one session through any node that lives: what a node did not answer is sent again through another,
 * under the same sequence, until a receipt comes.
 */
export class SessionLoad {
  readonly acknowledged: Acknowledged[] = []
  readonly #nodes: () => readonly NodeProcess[]
  readonly #lanes: Promise<void>[]
  #isStopping = false
  #next = Promise.withResolvers<void>()

  constructor(laneCount: number, nodes: () => readonly NodeProcess[]) {
    this.#nodes = nodes
    this.#lanes = Array.from({ length: laneCount }, (_, lane) => this.#run(lane))
  }

  /** Resolves when `count` receipts more have come. */
  async grow(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count
    while (this.acknowledged.length < wanted && !this.#isStopping) await this.#next.promise
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#next.resolve()
    await Promise.all(this.#lanes)
  }

  async #run(lane: number): Promise<void> {
    const { session } = await this.#persist(lane, node =>
      node.client.call('session.open', { timeoutMs: 5_000 })
    )
    for (let sequence = 1; !this.#isStopping; sequence++) {
      const text = `${lane}/${sequence}`.padEnd(payloadBytes)
      const payload = Buffer.from(text).toString('base64')
      await this.#persist(lane + sequence, node =>
        node.client.call('tx.submit', {
          application: 'log',
          payload,
          session,
          sequence,
          wait: 'committed',
          timeoutMs: 2_000
        })
      )
      this.acknowledged.push({ session, sequence, payload })
      this.#next.resolve()
      this.#next = Promise.withResolvers<void>()
    }
  }

  /** Asks one node after the other until one answers. */
  async #persist<T>(first: number, ask: (node: NodeProcess) => Promise<T>): Promise<T> {
    for (let attempt = first; ; attempt++) {
      const nodes = this.#nodes()
      try {
        return await ask(nodes[attempt % nodes.length] as NodeProcess)
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }
}
