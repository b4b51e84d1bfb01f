import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ControlClient } from '../../src/api/client.ts'
import { findControlSocket } from '../../src/config/socket-place.ts'
import type { PersistPoint } from '../../src/store/level-store.ts'

const main = fileURLToPath(new URL('crash-main.ts', import.meta.url))

/** Where a process is to kill itself. */
export interface CrashPlan {
  readonly point: PersistPoint
  /** The k-th time that it comes there. */
  readonly k: number
}

/** A node in a process of its own, reached through its control socket alone. */
export class NodeProcess {
  readonly directory: string
  /** How it ended: a signal, or an exit code. */
  readonly ended: Promise<string>
  readonly started: Promise<void>
  readonly #child: ChildProcess

  constructor(directory: string, plan?: CrashPlan) {
    this.directory = directory
    const crash = plan === undefined ? [] : [plan.point, `${plan.k}`]
    const flags = ['--conditions=@novacron/source', '--disable-warning=ExperimentalWarning']
    const child = spawn(process.execPath, [...flags, main, directory, ...crash], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc']
    })
    this.#child = child
    this.ended = once(child, 'close').then(([code, signal]) => signal ?? `${code}`)
    const ended = this.ended.then(how => {
      throw new Error(`${directory} ended before it had started: ${how}`)
    })
    this.started = Promise.race([
      once(child.stdout as NonNullable<typeof child.stdout>, 'data').then(() => undefined),
      ended
    ])
    this.started.catch(() => undefined)
  }

  get client(): ControlClient {
    return new ControlClient({
      socketPath: findControlSocket(this.directory),
      callTimeoutMs: 60_000
    })
  }

  /** The running process kills itself at that point; resolves with how it ended. */
  crashAt({ point, k }: CrashPlan): Promise<string> {
    this.#child.send([point, k])
    return this.ended
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    this.#child.kill(signal)
    return this.ended
  }
}
