import { createInterface } from 'node:readline'
import { commandFault } from '../command-fault.ts'
import type { Io } from '../io.ts'
import type {
  LoadAcknowledged,
  LoadMessage,
  LoadProgress,
  LoadResult,
  LoadStarted
} from '../load/messages.ts'
import { endChild, showExit, startChild } from './child.ts'

/** The load, as it is handed to its process. */
export interface LoadProcessOptions {
  readonly controls: readonly string[]
  readonly ratePerSecond: number
  readonly transactionBytes: number
  readonly durationMs?: number
  readonly drainMs: number
  /** Told of every acknowledgement when there is one. */
  readonly onTrace?: (message: LoadTrace) => void
}

/** When the load began and in which sessions, and what was acknowledged to it. */
export type LoadTrace = LoadStarted | LoadAcknowledged

export interface LoadProcess extends AsyncDisposable {
  /** The last progress that it told; undefined before the first. */
  readonly progress: LoadProgress | undefined
  /** Rejects when the process failed. */
  readonly finished: Promise<LoadResult>
  /** Ends the load early; the result follows when what was submitted is acknowledged. */
  stop(): void
  /** Ends the process at once, whatever is unanswered. */
  kill(): void
}

const linesKept = 20

/** Runs the load in a process of its own. Disposing ends it whatever it does. */
export function startLoad(
  options: LoadProcessOptions,
  io: Pick<Io, 'program' | 'env'>,
  note: (text: string) => void
): LoadProcess {
  const child = startChild(io, [], argumentsOf(options), ['pipe', 'pipe'])
  const finished = Promise.withResolvers<LoadResult>()
  let progress: LoadProgress | undefined
  const errors: string[] = []
  const { stdout, stderr, stdin } = child.process
  const read = Promise.all([
    eachLine(stdout, line => {
      const message = JSON.parse(line) as LoadMessage
      if (message.type === 'progress') progress = message
      else if (message.type === 'note') note(`load: ${message.note}`)
      else if (message.type === 'finished') finished.resolve(resultOf(message))
      else options.onTrace?.(message)
    }),
    eachLine(stderr, line => {
      errors.push(line)
      if (errors.length > linesKept) errors.shift()
    })
  ])
  void child.exited.then(async exit => {
    await read.catch(() => undefined)
    const words = errors.find(line => line.startsWith('novacron: ')) ?? errors.join(' ')
    const text = `the load ${showExit(exit)}: ${words.replace('novacron: ', '') || 'it said nothing'}`
    finished.reject(commandFault('failed', text))
  })
  // Whoever waits hears of it; nobody may be waiting when the network goes down first.
  finished.promise.catch(() => undefined)
  return {
    get progress() {
      return progress
    },
    finished: finished.promise,
    stop: () => stdin?.end(),
    kill: () => void child.process.kill('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      await endChild(child, { politeMs: options.drainMs + 2_000, termMs: 2_000 })
    }
  }
}

function argumentsOf(options: LoadProcessOptions): string[] {
  const { controls, ratePerSecond, transactionBytes, durationMs, drainMs, onTrace } = options
  return [
    'load',
    ...controls.flatMap(control => ['--control', control]),
    '--rate',
    String(ratePerSecond),
    '--bytes',
    String(transactionBytes),
    '--drain',
    `${drainMs}ms`,
    ...(onTrace === undefined ? [] : ['--trace']),
    ...(durationMs === undefined ? [] : ['--duration', `${durationMs}ms`])
  ]
}

function resultOf(message: { readonly type: 'finished' } & LoadResult): LoadResult {
  const { type: _, ...result } = message
  return result
}

async function eachLine(
  stream: NodeJS.ReadableStream | null,
  onLine: (line: string) => void
): Promise<void> {
  if (stream === null) return
  for await (const line of createInterface({ input: stream })) onLine(line)
}
