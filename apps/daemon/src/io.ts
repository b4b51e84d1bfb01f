/** Everything that a command touches besides files and sockets, so that tests run commands in-process. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: AsyncIterable<Uint8Array>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the user wants the command to end: Ctrl-C, a termination signal, a closed pipe. */
  readonly signal: AbortSignal
  readonly program: Program
}

export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTty: boolean
}

/** How to start this program again as another process. */
export interface Program {
  readonly execPath: string
  /** Flags of Node and V8. */
  readonly flags: readonly string[]
  readonly main: string
}

export const exitCodes = { ok: 0, failed: 1, usage: 2, notRunning: 3, notReady: 4 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export function writeJson({ stdout }: Pick<Io, 'stdout'>, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`)
}

/** Escape sequences go to terminals alone, and never where the user asked for none (no-color.org). */
export function mayMoveCursor({ stderr, env }: Pick<Io, 'stderr' | 'env'>): boolean {
  const { NO_COLOR: noColor, TERM: term } = env
  return stderr.isTty && (noColor ?? '') === '' && term !== 'dumb'
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Aborts when `stdin` ends: whoever held its other end is gone. */
export function endOf(stdin: AsyncIterable<Uint8Array>): AbortSignal {
  const ended = new AbortController()
  void drain(stdin).finally(() => ended.abort())
  return ended.signal
}

async function drain(stdin: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of stdin);
  } catch {
    // A broken pipe is an end too.
  }
}
