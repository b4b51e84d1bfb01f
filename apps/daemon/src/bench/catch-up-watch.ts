import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import type { Daemon } from '../devnet/daemon.ts'
import { statusOf } from '../devnet/network.ts'
import { readNode } from './node-reading.ts'

/** How far a daemon is. */
export interface Standing {
  readonly round: number
  /** Last commit that it has executed. */
  readonly executedIndex: number
}

/** All daemons at one moment. */
export interface Look {
  /** On the clock of the watch. */
  readonly atMs: number
  /** Of the daemon that is to catch up; undefined while it does not answer. */
  readonly own: Standing | undefined
  /** The furthest of the others. */
  readonly others: Standing
  /** Of all others together, since they were started. */
  readonly othersCpuSeconds: number
}

const everyMs = 1_000
/** While it does not answer, so that the moment at which it first does is known. */
const unansweredMs = 200

/** Looks at a network of daemons again and again, of which one is to fall behind and to catch up. */
export class CatchUpWatch {
  readonly #daemons: readonly Daemon[]
  readonly #place: number
  readonly #now: () => number
  readonly #health: readonly string[]

  private constructor(
    daemons: readonly Daemon[],
    place: number,
    now: () => number,
    health: readonly string[]
  ) {
    this.#daemons = daemons
    this.#place = place
    this.#now = now
    this.#health = health
  }

  /** `daemons` may change in the place of the one that is to catch up; all others stay. */
  static async open(
    daemons: readonly Daemon[],
    place: number,
    now: () => number
  ): Promise<CatchUpWatch> {
    const others = await Promise.all(othersOf(daemons, place).map(statusOrThrow))
    const health = others.flatMap(({ sockets }) => sockets.health ?? [])
    return new CatchUpWatch(daemons, place, now, health)
  }

  /** @throws {Fault<CommandFacts>} when a daemon has ended by itself, or another than the one does not answer */
  async look(): Promise<Look> {
    const { [this.#place]: daemon } = this.#daemons
    const ended = this.#daemons.find(({ crash }) => crash !== undefined)
    if (ended !== undefined) {
      const why = ended.lastWords() ?? ended.crash
      throw commandFault('failed', `${ended.name} ended: ${why}\n${ended.logTail()}`.trimEnd())
    }
    // First, so that the others can only look further ahead than they are.
    const own = daemon?.isRunning === true ? await statusOf(daemon) : undefined
    const atMs = this.#now()
    const [statuses, readings] = await Promise.all([
      Promise.all(othersOf(this.#daemons, this.#place).map(statusOrThrow)),
      Promise.all(this.#health.map(readNode))
    ])
    let othersCpuSeconds = 0
    for (const reading of readings) {
      if (reading === undefined) throw commandFault('failed', 'a daemon does not tell its metrics')
      othersCpuSeconds += reading.cpuSeconds
    }
    return { atMs, own: own && standingOf(own), others: furthest(statuses), othersCpuSeconds }
  }

  /** Looks once a second until the newest look is the last, which is among what is returned. */
  async until(isLast: (look: Look) => boolean, signal: AbortSignal): Promise<readonly Look[]> {
    const looks: Look[] = []
    for (;;) {
      const startedAt = performance.now()
      const look = await this.look()
      looks.push(look)
      if (isLast(look)) return looks
      const isAwaited = look.own === undefined && this.#daemons[this.#place]?.isRunning === true
      const pauseMs = startedAt + (isAwaited ? unansweredMs : everyMs) - performance.now()
      await sleep(Math.max(0, pauseMs), undefined, { signal })
    }
  }
}

function othersOf(daemons: readonly Daemon[], place: number): readonly Daemon[] {
  return daemons.filter((_, i) => i !== place)
}

async function statusOrThrow(daemon: Daemon): Promise<NodeStatus> {
  const status = await statusOf(daemon)
  if (status !== undefined) return status
  throw commandFault('failed', `${daemon.name} does not answer`)
}

function standingOf({ round, executedIndex }: NodeStatus): Standing {
  return { round, executedIndex }
}

function furthest(statuses: readonly NodeStatus[]): Standing {
  return {
    round: Math.max(...statuses.map(({ round }) => round)),
    executedIndex: Math.max(...statuses.map(({ executedIndex }) => executedIndex))
  }
}
