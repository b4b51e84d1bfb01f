import { assert } from '@novacron/base'
import { type Logger as PinoLogger, pino } from 'pino'
import type { LogLevel, LogLevelChange } from '../api/node-control.ts'
import { defaultLogSamplerOptions, LogSampler, type LogSamplerOptions } from './log-sampler.ts'
import { textOfLine } from './log-text.ts'

export type LogFacts = Readonly<Record<string, unknown>>

/** Writes lines of one module. `event` is a constant in kebab-case; what varies goes into the facts. */
export interface Log {
  trace(event: string, facts?: LogFacts): void
  debug(event: string, facts?: LogFacts): void
  info(event: string, facts?: LogFacts): void
  warn(event: string, facts?: LogFacts): void
  error(event: string, facts?: LogFacts): void
  fatal(event: string, facts?: LogFacts): void
}

/** What is written where. */
export interface LogsOptions {
  readonly level?: LogLevel
  /** Levels of single modules from the start. */
  readonly moduleLevels?: Readonly<Record<string, LogLevel>>
  readonly destination: LogDestination
  readonly sampling?: LogSamplerOptions
}

export type LogDestination =
  /** JSON lines, appended; the directory must be there. */
  | { readonly type: 'file'; readonly path: string }
  /** Text when it is a terminal, JSON lines otherwise. */
  | { readonly type: 'stderr' }
  | {
      readonly type: 'stream'
      readonly format: 'json' | 'text'
      readonly write: (line: string) => void
    }

export interface Logs extends Disposable {
  /** The same log for the same name. */
  module(name: string): Log
  setLevel(change: LogLevelChange): void
  /** The level that a module writes at. */
  levelOf(module: string): LogLevel
}

/** Modules with a log of their own; more is our own mistake. */
export const modulesMax = 64

const secretNames = [
  'secret',
  'token',
  'password',
  'authorization',
  'privateKey',
  'secretKey',
  'seed'
]
/** At the top and one level down, which is as deep as facts go. */
const redactedPaths = secretNames.flatMap(name => [name, `*.${name}`])

interface Destination {
  write(line: string): void
  close(): void
}

/** Opens the log of the process. Disposal writes out what is buffered. */
export function openLogs(options: LogsOptions): Logs {
  const destination = openDestination(options.destination)
  const root = pino(
    {
      level: 'trace',
      base: null,
      formatters: { level: label => ({ level: label }) },
      timestamp: () => `,"time":${Date.now()}`,
      redact: { paths: redactedPaths, censor: '[redacted]' },
      serializers: { error: errorFacts, cause: errorFacts }
    },
    destination
  )
  return new PinoLogs(root, options, destination)
}

const levelNames = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
type LineLevel = (typeof levelNames)[number]

class PinoLogs implements Logs {
  readonly #root: PinoLogger
  readonly #destination: Destination
  readonly #loggers = new Map<string, PinoLogger>()
  readonly #logs = new Map<string, Log>()
  readonly #ownLevels: Map<string, LogLevel>
  readonly #sampler: LogSampler
  readonly #flushing: NodeJS.Timeout
  #level: LogLevel

  constructor(root: PinoLogger, options: LogsOptions, destination: Destination) {
    const sampling = options.sampling ?? defaultLogSamplerOptions
    this.#root = root
    this.#destination = destination
    this.#level = options.level ?? 'info'
    this.#ownLevels = new Map(Object.entries(options.moduleLevels ?? {}))
    this.#sampler = new LogSampler(sampling, (name, suppressed) => this.#report(name, suppressed))
    this.#flushing = setInterval(() => this.#sampler.flush(performance.now()), sampling.windowMs)
    this.#flushing.unref()
  }

  module(name: string): Log {
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    assert(this.#logs.size < modulesMax, `at most ${modulesMax} modules write logs`)
    const logger = this.#root.child({ module: name }, { level: this.levelOf(name) })
    const log = Object.fromEntries(
      levelNames.map(level => [
        level,
        (event: string, facts?: LogFacts) => this.#write(name, logger, level, event, facts)
      ])
    ) as unknown as Log
    this.#loggers.set(name, logger)
    this.#logs.set(name, log)
    return log
  }

  setLevel({ level, module }: LogLevelChange): void {
    if (module === undefined) this.#level = level
    else if (this.#ownLevels.size < modulesMax || this.#ownLevels.has(module)) {
      this.#ownLevels.set(module, level)
    }
    for (const [name, logger] of this.#loggers) logger.level = this.levelOf(name)
  }

  levelOf(module: string): LogLevel {
    return this.#ownLevels.get(module) ?? this.#level
  }

  [Symbol.dispose](): void {
    clearInterval(this.#flushing)
    this.#sampler.flush(Number.POSITIVE_INFINITY)
    this.#destination.close()
  }

  #write(
    module: string,
    logger: PinoLogger,
    level: LineLevel,
    event: string,
    facts: LogFacts | undefined
  ): void {
    if (!logger.isLevelEnabled(level)) return
    if (!this.#sampler.admit(`${module}/${event}`, performance.now())) return
    logger[level]({ event, ...facts })
  }

  #report(name: string, suppressed: number): void {
    const [module = '', of = ''] = name.split('/', 2)
    this.#root.child({ module }).warn({ event: 'lines-suppressed', of, suppressed })
  }
}

/** What the log keeps of an error: its text, its code, where it came from. */
export function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack } = error
  const code = (error as { readonly code?: unknown }).code
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {}
  return { name, message, ...(code === undefined ? {} : { code }), ...cause, stack }
}

function openDestination(destination: LogDestination): Destination {
  switch (destination.type) {
    case 'file':
      return fileDestination({ dest: destination.path })
    case 'stderr': {
      if (!process.stderr.isTTY) return fileDestination({ fd: 2 })
      const isColoured = (process.env['NO_COLOR'] ?? '') === ''
      const write = (line: string): void => void process.stderr.write(textOfLine(line, isColoured))
      return { write, close: () => {} }
    }
    case 'stream': {
      const { format, write } = destination
      return {
        write: line => write(format === 'text' ? textOfLine(line, false) : line),
        close: () => {}
      }
    }
  }
}

function fileDestination(target: { dest: string } | { fd: number }): Destination {
  const stream = pino.destination({ ...target, sync: true, mkdir: false, mode: 0o600 })
  // A full disk must not end the node: the line is lost, the state `disk-full` says why.
  stream.on('error', () => {})
  return {
    write: line => void stream.write(line),
    close: () => {
      if ('dest' in target) stream.end()
    }
  }
}
