import { dirname } from 'node:path'
import { Fault } from '@novacron/base'
import { type ConfigFault, describeConfigFault } from '@novacron/node'
import { type ExitCode, exitCodes } from './io.ts'

export interface Failure {
  /** One line for a foreseen failure; a stack follows an unforeseen one. */
  readonly text: string
  readonly exitCode: ExitCode
}

type Facts = Readonly<Record<string, unknown>> & { readonly code: string }

/** What went wrong, in words that name what was found, what is allowed, and what to do. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Fault)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { text: `unexpected: ${text}`, exitCode: exitCodes.failed }
  }
  const facts = error.facts as unknown as Facts
  if (isConfigFault(error)) return failed(oneLine(describeConfigFault(error)))
  if (typeof facts['number'] === 'number') return describeAnswer(facts)
  return describeClient(facts) ?? describeStart(facts) ?? failed(oneLine(error.message))
}

const configCodes = [
  'file-missing',
  'file-exists',
  'file-unreadable',
  'file-mode',
  'key-malformed',
  'key-reused',
  'invalid'
]

function isConfigFault(error: Fault<{ readonly code: string }>): error is ConfigFault {
  return configCodes.includes(error.code)
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
