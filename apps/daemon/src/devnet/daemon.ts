import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ControlClient, dataPathsOf, findControlSocket, lockOwnerOf } from '@novacron/node'
import { daemonEnvironment, missingFlags } from '../daemon-flags.ts'
import type { Io } from '../io.ts'
import { type Child, type Exit, endChild, showExit, startChild } from './child.ts'
import type { DevnetNode } from './layout.ts'

const politeMs = 10_000
const termMs = 20_000
const tailLines = 12

/** One daemon process of a local network. */
export class Daemon {
  readonly name: string
  readonly directory: string
  /** What the process writes: its log, and its last words. */
  readonly logPath: string
  readonly #child: Child
  /** Where the log of this process begins in a file that earlier ones have written to. */
  readonly #logStart: number
  #isStopping = false

  /** Starts the process, with more flags of Node where given; what it writes is appended to its log. */
  constructor(
    { name, directory }: DevnetNode,
    io: Pick<Io, 'program' | 'env'>,
    flags: readonly string[] = [],
    enter: readonly string[] = []
  ) {
    this.name = name
    this.directory = directory
    this.logPath = join(dataPathsOf(directory).logs, 'daemon.log')
    const log = openSync(this.logPath, 'a', 0o600)
    try {
      this.#logStart = fstatSync(log).size
      const args = ['start', '--tied', '--data-dir', directory]
      const env = { ...daemonEnvironment, ...io.env }
      const own = { program: io.program, env }
      const given = [...io.program.flags, ...flags]
      const nodeFlags = [...missingFlags(given, env['NODE_OPTIONS']), ...flags]
      this.#child = startChild(own, nodeFlags, args, [log, log], enter)
    } finally {
      closeSync(log)
    }
  }

  /** Resolves when the process is gone, whatever the reason. */
  get exited(): Promise<Exit> {
    return this.#child.exited
  }

  get isRunning(): boolean {
    return this.#child.exit === undefined
  }

  /** True while the data directory is held by this very process, so that whoever answers there is it. */
  get ownsDirectory(): boolean {
    const { pid } = this.#child.process
    return pid !== undefined && lockOwnerOf(this.directory) === pid
  }

  /** How it ended without having been asked to; undefined otherwise. */
  get crash(): string | undefined {
    const { exit } = this.#child
    return exit === undefined || this.#isStopping ? undefined : showExit(exit)
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.process.pid
  }

  /** Sends a signal to a process that may be gone. An end by it has been asked for. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') this.#isStopping = true
    this.#child.process.kill(signal)
  }

  /** Of its control socket; the node may be down, or started again by somebody else. */
  client(): ControlClient {
    return new ControlClient({ socketPath: this.controlSocket, callTimeoutMs: 60_000 })
  }

  get controlSocket(): string {
    return findControlSocket(this.directory)
  }

  /** The line in which this process said why it failed, if it did. */
  lastWords(): string | undefined {
    const line = this.#logLines().findLast(each => each.startsWith('novacron: '))
    return line?.slice('novacron: '.length)
  }

  /** Lines of one event that this process has logged. */
  events(event: string): readonly string[] {
    return this.#logLines().filter(line => line.includes(`"event":"${event}"`))
  }

  logTail(): string {
    return this.#logLines()
      .slice(-tailLines)
      .map(line => `  ${line.slice(0, 400)}\n`)
      .join('')
  }

  /**
   * Ends the process in order, or by force when it does not; tells what is worth telling. It speaks to the process alone and
   * never to the socket, which may be somebody else's.
   */
  async stop(): Promise<string | undefined> {
    if (!this.isRunning) return undefined
    this.#isStopping = true
    // One that still loads has nothing to put in order, and would hear of it late on a busy machine.
    const isLoading = !this.ownsDirectory
    const end = await endChild(this.#child, { politeMs: isLoading ? 0 : politeMs, termMs })
    if (end === 'exited' || (end === 'terminated' && isLoading)) return undefined
    return `${this.name} did not stop when told and was ${end}`
  }

  #logLines(): readonly string[] {
    try {
      const written = readFileSync(this.logPath).subarray(this.#logStart)
      return written.toString('utf8').trimEnd().split('\n')
    } catch {
      return []
    }
  }
}
