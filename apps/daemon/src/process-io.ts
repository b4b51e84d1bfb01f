import type { Readable, Writable } from 'node:stream'
import type { Io, Output } from './io.ts'

/** What is used of `process`. */
export interface ProcessFace {
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly stdin: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly execPath: string
  readonly execArgv: readonly string[]
  /** To whoever started this process, if it is to end with that one. */
  readonly channel?: { unref(): void } | null | undefined
  on(event: NodeJS.Signals | 'disconnect', listener: () => void): unknown
}

const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The real world. A signal is a wish to end, and so is the death of a launcher that holds a channel to us; a second one is the same wish: every end is bounded in time. */
export function processIo(process: ProcessFace, main: string): Io {
  const end = new AbortController()
  for (const signal of endSignals) process.on(signal, () => end.abort())
  if (process.channel != null) {
    process.on('disconnect', () => end.abort())
    // It must not keep a command alive that is done.
    process.channel.unref()
  }
  return {
    stdout: outputOf(process.stdout, () => end.abort()),
    stderr: outputOf(process.stderr, () => undefined),
    stdin: process.stdin,
    env: process.env,
    signal: end.signal,
    program: { execPath: process.execPath, flags: process.execArgv, main }
  }
}

/** A reader that leaves, as `head` does, ends the command; nothing more is written. */
function outputOf(stream: Writable & { readonly isTTY?: boolean }, onGone: () => void): Output {
  let isGone = false
  stream.on('error', () => {
    isGone = true
    onGone()
  })
  return {
    isTty: stream.isTTY === true,
    write: chunk => isGone || stream.write(chunk)
  }
}
