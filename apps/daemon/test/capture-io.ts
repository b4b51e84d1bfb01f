import { fileURLToPath } from 'node:url'
import type { Io, Output } from '../src/io.ts'

export interface CaptureOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: AsyncIterable<Uint8Array>
  readonly isTty?: boolean
  readonly signal?: AbortSignal
  readonly program?: Io['program']
}

/** Collects what a command writes. */
export class CapturedOutput implements Output {
  readonly isTty: boolean
  readonly #parts: Buffer[] = []

  constructor(isTty: boolean) {
    this.isTty = isTty
  }

  write(chunk: string | Uint8Array): void {
    this.#parts.push(Buffer.from(chunk as Uint8Array))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }
}

/** This program, run from its sources. */
export const sourceProgram: Io['program'] = {
  execPath: process.execPath,
  flags: ['--conditions=@novacron/source'],
  main: fileURLToPath(new URL('../src/main.ts', import.meta.url))
}

export function captureIo(options: CaptureOptions = {}): Io & {
  readonly stdout: CapturedOutput
  readonly stderr: CapturedOutput
} {
  const isTty = options.isTty ?? false
  return {
    stdout: new CapturedOutput(isTty),
    stderr: new CapturedOutput(isTty),
    stdin: options.stdin ?? chunksOf(),
    env: options.env ?? { HOME: '/nowhere' },
    signal: options.signal ?? new AbortController().signal,
    program: options.program ?? sourceProgram
  }
}

export async function* chunksOf(
  ...chunks: readonly (string | Uint8Array)[]
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk as Uint8Array)
}
