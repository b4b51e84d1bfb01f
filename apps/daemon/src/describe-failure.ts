import { basename, dirname } from 'node:path'
import { Fault } from '@novacron/base'
import { type ConfigFault, describeConfigFault, fileTroubleOf } from '@novacron/node'
import { type ExitCode, exitCodes } from './io.ts'

export interface Failure {
  /** One line for a foreseen failure, or one for each of several; a stack follows an unforeseen one. */
  readonly text: string
  readonly exitCode: ExitCode
}

type Facts = Readonly<Record<string, unknown>> & { readonly code: string }

/** What went wrong, in words that name what was found, what is allowed, and what to do. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Fault)) {
    const known = describeFileError(error)
    if (known !== undefined) return known
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { text: `unexpected: ${text}`, exitCode: exitCodes.failed }
  }
  const facts = error.facts as unknown as Facts
  if (isConfigFault(error)) return failed(describeConfigFault(error))
  if (typeof facts['number'] === 'number') return describeAnswer(facts)
  return describeClient(facts) ?? describeStart(facts) ?? failed(oneLine(error.message))
}

const configCodes = [
  'file-missing',
  'file-exists',
  'file-unreadable',
  'file-unwritable',
  'file-mode',
  'key-malformed',
  'key-reused',
  'other-chain',
  'invalid'
]

function isConfigFault(error: Fault<{ readonly code: string }>): error is ConfigFault {
  return configCodes.includes(error.code)
}

/** A system call on a file that failed where nobody gave it better words. */
function describeFileError(error: unknown): Failure | undefined {
  const trouble = fileTroubleOf(error)
  const { path, dest } = (error ?? {}) as NodeJS.ErrnoException & { readonly dest?: string }
  if (trouble === undefined || path === undefined) return undefined
  return failed(`${dest ?? path} cannot be used (${trouble.reason}); ${trouble.remedy}`)
}

/** An error that the node answered. */
function describeAnswer(facts: Facts): Failure {
  const { code, message, hint, number, ...rest } = facts
  const details = Object.entries(rest).map(([name, value]) => `${name} ${showFact(value)}`)
  const found = details.length === 0 ? '' : ` (${details.join(', ')})`
  const remedy = hint === undefined ? '' : `; ${String(hint)}`
  const text = oneLine(`the node answered ${code}: ${String(message)}${found}${remedy}`)
  return { text, exitCode: code === 'not-ready' ? exitCodes.notReady : exitCodes.failed }
}

function showFact(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Faults of the connection to a node, and of commands themselves. */
function describeClient(facts: Facts): Failure | undefined {
  const path = String(facts['path'])
  const reason = String(facts['reason'])
  switch (facts.code) {
    case 'not-running': {
      const text = facts['message'] ?? `no node answers on ${path}; start it: novacron start`
      return { text: String(text), exitCode: exitCodes.notRunning }
    }
    case 'not-allowed':
      return failed(`${path} may be opened by its owner alone; run this as the user of the node`)
    case 'connection-lost':
      return failed(`the connection to ${path} was lost (${reason}); look at the log of the node`)
    case 'bad-answer':
      return failed(
        `${path} gave an answer that no node gives (${reason}); look what listens there`
      )
    case 'usage':
      return { text: String(facts['message']), exitCode: exitCodes.usage }
    case 'not-ready':
      return { text: String(facts['message']), exitCode: exitCodes.notReady }
    case 'failed':
    case 'interrupted':
      return failed(String(facts['message']))
    default:
      return undefined
  }
}

/** Faults of a node that could not start. */
function describeStart(facts: Facts): Failure | undefined {
  const path = String(facts['path'])
  switch (facts.code) {
    case 'directory-in-use': {
      const directory = dirname(path)
      return failed(
        `${directory} is in use by process ${facts['pid']}; ` +
          `stop it: novacron stop --data-dir ${directory}, or choose another directory`
      )
    }
    case 'socket-in-use':
      return failed(`${path} is in use by another process; stop it or choose another directory`)
    case 'address-in-use':
      return failed(
        `${facts['host']}:${facts['port']} is taken by another process; ` +
          'change metrics.port or api.tcp.port in config.json, 0 takes a free one'
      )
    case 'listen-failed':
      return failed(describeListen(facts))
    case 'socket-path-too-long':
      return failed(
        `${path} has ${facts['bytes']} bytes, a socket path may have ${facts['limit']}; use a shorter data directory, or set api.socketDirectory`
      )
    case 'socket-directory-open':
      return failed(
        `${path} has mode 0${facts['mode']}, allowed is 0700 for a directory of sockets; run: chmod 0700 ${path}`
      )
    default:
      return describeSecret(facts) ?? describeStore(facts)
  }
}

/** The file that `api.tcp.jwtSecretFile` names. */
function describeSecret(facts: Facts): Failure | undefined {
  const path = String(facts['path'])
  const make = `openssl rand -hex 32 > ${path}`
  const key = 'api.tcp.jwtSecretFile in config.json'
  switch (facts.code) {
    case 'secret-missing':
      return failed(
        `${key} names ${path}, which cannot be read; make it: ${make} && chmod 0600 ${path}`
      )
    case 'secret-mode':
      return failed(
        `${key} names ${path}, which has mode 0${facts['mode']}, allowed is 0600; run: chmod 0600 ${path}`
      )
    case 'secret-format':
      return failed(
        `${key} names ${path}, which holds something else than 64 hex digits; make it anew: ${make}`
      )
    default:
      return undefined
  }
}

/** Faults of the files under a node. */
function describeStore(facts: Facts): Failure | undefined {
  const path = String(facts['path'])
  const reason = oneLine(String(facts['reason']))
  switch (facts.code) {
    case 'bad-file': {
      const remedy =
        basename(path) === 'db'
          ? 'if it stays so, move it away and start again: peers give back what was in it'
          : 'look what it is, and where the right one went'
      return failed(`${path} cannot be opened (${reason}); ${remedy}`)
    }
    case 'disk-full':
      return failed(`${path} cannot be written (${reason}); make room on the disk`)
    case 'io':
      return failed(
        `${path} cannot be read or written (${reason}); look at the disk and who may use it`
      )
    default:
      return undefined
  }
}

function describeListen(facts: Facts): string {
  const where = String(facts['addresses'] ?? facts['where'])
  const reason = oneLine(String(facts['error'] ?? facts['reason']))
  return /EADDRINUSE|address already in use/i.test(reason)
    ? `${where} is taken by another process; stop it, or change listen in config.json`
    : `${where} cannot be listened on (${reason}); change listen in config.json`
}

function failed(text: string): Failure {
  return { text, exitCode: exitCodes.failed }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
