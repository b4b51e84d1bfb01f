import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '@novacron/base'
import type { ControlClient } from '@novacron/node'

type Client = Pick<ControlClient, 'call'>

/** How much the canary writes, and how patiently. */
export interface CanaryOptions {
  /** Keys that are written in turn. */
  readonly keys: number
  readonly intervalMs: number
  /** Before another node is asked to take the same write. */
  readonly attemptMs: number
}

export const defaultCanaryOptions: CanaryOptions = { keys: 8, intervalMs: 100, attemptMs: 2_000 }

/** What was written to one key: only the newest that was answered, and those that were tried after it, may be read. */
interface Written {
  acknowledged: number
  tried: number
}

/**
 * One client that writes keys all the time and reads them back from every node at the end. The log says what the nodes
 * claim to have applied; this looks at what they hold.
 */
export class Canary {
  readonly #options: CanaryOptions
  readonly #clients: () => readonly Client[]
  readonly #written = new Map<string, Written>()
  readonly #over = new AbortController()
  readonly #running: Promise<void>
  #acknowledged = 0
  #turn = 0

  /** `clients`: those of the nodes, made anew each time since nodes come back on other sockets. */
  constructor(clients: () => readonly Client[], options: CanaryOptions = defaultCanaryOptions) {
    this.#options = options
    this.#clients = clients
    this.#running = this.#write()
  }

  /** Writes that were answered. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Ends with the write that is under way, answered or not. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  /** What a node does not hold, or holds otherwise, in words; at most three of them. */
  async check(node: string, client: Client): Promise<readonly string[]> {
    const reasons: string[] = []
    for (const [key, { acknowledged, tried }] of this.#written) {
      if (acknowledged === 0) continue
      const { value } = await client.call('kv.get', { key: { utf8: key } })
      const found = value !== null && 'utf8' in value ? Number(value.utf8) : 0
      if (found >= acknowledged && found <= tried && found % this.#options.keys === keyOf(key)) {
        continue
      }
      reasons.push(`${node} holds write ${found} of ${key}, acknowledged was ${acknowledged}`)
    }
    return reasons.slice(0, 3)
  }

  async #write(): Promise<void> {
    let session: string | undefined
    for (let sequence = 1; !this.#over.signal.aborted; ) {
      session ??= await this.#open()
      if (session === undefined) continue
      const outcome = await this.#put(session, sequence)
      if (outcome === 'expired') {
        session = undefined
        sequence = 1
      } else if (outcome === 'answered') sequence++
      await this.#pause()
    }
  }

  async #open(): Promise<string | undefined> {
    const opened = await this.#attempt(client =>
      client.call('session.open', { timeoutMs: this.#options.attemptMs })
    )
    if (opened === undefined) await this.#pause()
    return opened?.session
  }

  /** The value is a number that grows with every write, so that an older one can be told. */
  async #put(session: string, sequence: number): Promise<'answered' | 'unanswered' | 'expired'> {
    const { keys, attemptMs } = this.#options
    const value = this.#acknowledged + 1
    const key = nameOfKey(value % keys)
    const written = this.#written.get(key) ?? { acknowledged: 0, tried: 0 }
    this.#written.set(key, written)
    written.tried = value
    const operation = { type: 'put', key: { utf8: key }, value: { utf8: `${value}` } } as const
    try {
      const receipt = await this.#attempt(client =>
        client.call('tx.submit', {
          application: 'kv',
          payload: operation,
          session,
          sequence,
          wait: 'committed',
          timeoutMs: attemptMs
        })
      )
      // A repetition of what was run, and not answered, is a duplicate.
      const isRun = receipt?.code === 'ok' || receipt?.code === 'duplicate'
      if (!isRun) return 'unanswered'
      written.acknowledged = value
      this.#acknowledged = value
      return 'answered'
    } catch {
      return 'expired'
    }
  }

  /** Undefined when this node did not do it; the next attempt goes to another. @throws when the session is gone */
  async #attempt<T>(ask: (client: Client) => Promise<T>): Promise<T | undefined> {
    const clients = this.#clients()
    const client = clients[this.#turn % Math.max(1, clients.length)]
    if (client === undefined) return undefined
    try {
      return await ask(client)
    } catch (error) {
      this.#turn++
      if (error instanceof Fault && error.code === 'session-expired') throw error
      return undefined
    }
  }

  async #pause(): Promise<void> {
    await sleep(this.#options.intervalMs, undefined, { signal: this.#over.signal }).catch(() => {})
  }
}

function nameOfKey(place: number): string {
  return `canary/${place}`
}

function keyOf(name: string): number {
  return Number(name.slice('canary/'.length))
}
