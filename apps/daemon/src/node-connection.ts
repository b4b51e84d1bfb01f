import {
  ControlClient,
  findControlSocket,
  type MethodName,
  type MethodParams,
  type MethodResult
} from '@novacron/node'
import { commandFault } from './command-fault.ts'
import type { Io } from './io.ts'
import { dataDirectory, showMs } from './settings.ts'
import type { NodeVerbOptions } from './verb.ts'

/** A wait that the node is asked for must end before the caller's own, so that the node's reason is told. */
const graceMs = 2_000
/** The longest wait that a node takes. */
const nodeWaitMsMax = 60_000

/** The node of a data directory, as a verb talks to it. */
export class NodeConnection {
  readonly directory: string
  readonly client: ControlClient
  readonly #io: Io
  readonly #timeoutMs: number

  constructor(options: Pick<NodeVerbOptions, 'dataDir' | 'timeout'>, io: Io) {
    this.directory = dataDirectory(options.dataDir, io)
    this.client = new ControlClient({ socketPath: findControlSocket(this.directory) })
    this.#io = io
    this.#timeoutMs = options.timeout
  }

  /** `timeoutMs` for methods that wait. */
  get waitMs(): number {
    return Math.min(this.#timeoutMs, nodeWaitMsMax)
  }

  /** @throws {Fault<ControlClientFacts>} {Fault<CommandFacts>} when the time is over or the user ends the command */
  async call<N extends MethodName>(method: N, params: MethodParams<N>): Promise<MethodResult<N>> {
    const deadline = AbortSignal.timeout(this.#timeoutMs + graceMs)
    try {
      return await this.client.call(method, params, AbortSignal.any([this.#io.signal, deadline]))
    } catch (error) {
      throw this.#explain(error, method, deadline)
    }
  }

  #explain(error: unknown, method: string, deadline: AbortSignal): unknown {
    if (this.#io.signal.aborted) return commandFault('interrupted', 'interrupted', error)
    if (deadline.aborted) {
      const text = `${method} was not answered within ${showMs(this.#timeoutMs + graceMs)}; look at the log of the node`
      return commandFault('failed', text, error)
    }
    const { code, path } = (error as { facts?: { code?: string; path?: string } }).facts ?? {}
    if (code !== 'not-running') return error
    const text = `no node runs on ${this.directory} (nothing answers on ${path}); start it: novacron start --data-dir ${this.directory}`
    return commandFault('not-running', text, error)
  }
}
