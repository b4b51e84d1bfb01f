import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import type { Io } from '../io.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  readonly error?: string
}

/** Another process of this program, which ends when its standard input does. */
export interface Child {
  readonly process: ChildProcess
  /** Never rejects. */
  readonly exited: Promise<Exit>
  /** Undefined while it runs. */
  readonly exit: Exit | undefined
}

/**
 * Starts this program again with other arguments, in a session of its own: Ctrl-C reaches the devnet alone, which ends its
 * children in order. `enter` is a command that runs it somewhere else, as the same process. Should the devnet die, the end of their standard input ends them too.
 */
export function startChild(
  { program, env }: Pick<Io, 'program' | 'env'>,
  flags: readonly string[],
  args: readonly string[],
  outputs: readonly ('pipe' | number)[],
  enter: readonly string[] = []
): Child {
  const { execPath, flags: ownFlags, main } = program
  const [command = execPath, ...words] = [...enter, execPath, ...ownFlags, ...flags, main, ...args]
  const process = spawn(command, words, {
    stdio: ['pipe', ...outputs],
    detached: true,
    env: { ...env }
  })
  // Writing to a child that has just died is no news: its exit is.
  process.stdin?.on('error', () => undefined)
  let exit: Exit | undefined
  const exited = new Promise<Exit>(resolve => {
    const end = (found: Exit): void => {
      exit ??= found
      resolve(exit)
    }
    process.once('error', error => end({ code: null, signal: null, error: error.message }))
    process.once('exit', (code, signal) => end({ code, signal }))
  })
  return {
    process,
    exited,
    get exit() {
      return exit
    }
  }
}

export interface EndOptions {
  /** For the end that was asked for by the end of standard input. */
  readonly politeMs: number
  /** After SIGTERM; then comes SIGKILL. */
  readonly termMs: number
}

/** Ends a child: by the end of its standard input, then SIGTERM, then SIGKILL. Tells what it took. */
export async function endChild(
  child: Child,
  { politeMs, termMs }: EndOptions
): Promise<'exited' | 'terminated' | 'killed'> {
  const stdin: Writable | null = child.process.stdin
  stdin?.end()
  if (await exitsWithin(child, politeMs)) return 'exited'
  child.process.kill('SIGTERM')
  if (await exitsWithin(child, termMs)) return 'terminated'
  child.process.kill('SIGKILL')
  await child.exited
  return 'killed'
}

async function exitsWithin(child: Child, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>()
  const timer = setTimeout(() => timeout.resolve(false), ms)
  try {
    return await Promise.race([child.exited.then(() => true), timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

export function showExit({ code, signal, error }: Exit): string {
  if (error !== undefined) return `could not be started (${error})`
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`
}
