import type { NodeStatus } from '@novacron/node'
import { type Io, mayMoveCursor } from '../io.ts'
import type { LoadProgress } from '../load/messages.ts'
import { textTable } from '../text-table.ts'
import { showLatency } from './summary.ts'

/** A node in one moment. */
export interface NodeView {
  readonly name: string
  /** Undefined when it does not answer. */
  readonly status: NodeStatus | undefined
  /** How it ended; undefined while it runs. */
  readonly crash: string | undefined
}

export interface Moment {
  readonly elapsedMs: number
  readonly nodes: readonly NodeView[]
  readonly load: LoadProgress | undefined
}

const head = ['node', 'state', 'round', 'committed', 'tx/s', 'latency', 'peers', 'protocol']
const up = (lines: number): string => `\u001b[${lines}A\r\u001b[J`

/** Shows a running network on standard error: a table that is drawn again on a terminal, one line a time elsewhere. */
export class View {
  readonly #io: Pick<Io, 'stderr' | 'env'>
  readonly #isLive: boolean
  #drawn = 0

  constructor(io: Pick<Io, 'stderr' | 'env'>) {
    this.#io = io
    this.#isLive = mayMoveCursor(io)
  }

  show(moment: Moment): void {
    if (!this.#isLive) {
      this.#io.stderr.write(`${lineOf(moment)}\n`)
      return
    }
    const lines = tableOf(moment)
    this.#erase()
    this.#io.stderr.write(lines.map(line => `${line}\n`).join(''))
    this.#drawn = lines.length
  }

  /** A line that stays, above the table. */
  note(text: string): void {
    this.#erase()
    this.#io.stderr.write(`novacron: ${text}\n`)
  }

  #erase(): void {
    if (this.#drawn > 0) this.#io.stderr.write(up(this.#drawn))
    this.#drawn = 0
  }
}

function tableOf({ elapsedMs, nodes, load }: Moment): string[] {
  const rows = nodes.map(({ name, status, crash }, i) => {
    const lane = load?.lanes[i]
    return [
      name,
      status?.state ?? (crash === undefined ? 'silent' : 'gone'),
      status?.round ?? '-',
      status?.committedIndex ?? '-',
      lane?.transactionsPerSecond ?? '-',
      lane === undefined || lane.p50Ms === null ? '-' : `${lane.p50Ms.toFixed(1)} ms`,
      status?.peersConnected ?? '-',
      status?.protocol ?? '-'
    ]
  })
  const total = load === undefined ? '' : `  ${describeLoad(load)}`
  return [...textTable(head, rows), `${seconds(elapsedMs)}${total}  (Ctrl-C stops)`]
}

function lineOf({ elapsedMs, nodes, load }: Moment): string {
  const answering = nodes.flatMap(({ status }) => (status === undefined ? [] : [status]))
  const round = Math.max(0, ...answering.map(status => status.round))
  const committed = Math.max(0, ...answering.map(status => status.committedIndex))
  const total = load === undefined ? '' : `  ${describeLoad(load)}`
  return `${seconds(elapsedMs)}  ${answering.length} of ${nodes.length} nodes  round ${round}  commit ${committed}${total}`
}

function describeLoad(load: LoadProgress): string {
  const { submitted, committed, transactionsPerSecond, p50Ms, p99Ms } = load
  return `${transactionsPerSecond} tx/s  p50 ${showLatency(p50Ms)}  p99 ${showLatency(p99Ms)}  ${committed} of ${submitted} committed`
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
