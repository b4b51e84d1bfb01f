import { Fault } from '@novacron/base'
import type { JsonSubmit, Receipt, TransactionName, Wait } from '@novacron/node'
import type { Command } from 'commander'
import { commandFault } from './command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from './io.ts'
import type { NodeConnection } from './node-connection.ts'
import { printReceipt } from './receipt.ts'
import { integer, oneOf, showMs } from './settings.ts'

/** Options of every verb that submits one transaction. */
export interface SubmissionOptions {
  readonly wait: Wait
  readonly session?: string
  readonly sequence?: number
  readonly json?: boolean
}

export function addSubmissionOptions(command: Command): Command {
  return command
    .option(
      '--wait <state>',
      'none | accepted | committed',
      oneOf('none', 'accepted', 'committed'),
      'committed'
    )
    .option('--session <id>', 'submit in this session; new opens one (default: that of the node)')
    .option(
      '--sequence <number>',
      'with --session: its number there, which runs once however often it is sent',
      integer(1, Number.MAX_SAFE_INTEGER)
    )
}

/**
 * Submits one transaction and prints what became of it. With a session and a sequence it is a repetition of the same request:
 * what was committed before is told as it was then, and nothing runs twice.
 *
 * throws  Fault<CommandFacts> {Fault<ControlClientFacts>}
 */
export async function submitOnce(
  content: Pick<JsonSubmit, 'application' | 'payload'>,
  options: SubmissionOptions,
  node: NodeConnection,
  io: Io
): Promise<ExitCode> {
  const isJson = options.json === true
  const named = await nameOf(options, node, io)
  if (named !== undefined && options.session !== 'new') {
    const known = await node.call('tx.status', named)
    if (known.state === 'committed') return printReceipt(known, isJson, io)
  }
  try {
    const receipt = await node.call('tx.submit', {
      ...content,
      ...named,
      wait: options.wait,
      timeoutMs: node.waitMs
    })
    return printReceipt(await firstOutcome(receipt, node), isJson, io)
  } catch (error) {
    const late = lateOf(error)
    if (late === undefined) throw error
    return tellLate(late, isJson, node, io)
  }
}

async function nameOf(
  { session, sequence }: SubmissionOptions,
  node: NodeConnection,
  io: Io
): Promise<TransactionName | undefined> {
  if (session === 'new' && sequence === undefined) {
    const opened = await node.call('session.open', { timeoutMs: node.waitMs })
    // Told before it is used, so that whatever happens next can be followed up.
    io.stderr.write(`novacron: opened session ${opened.session}, this is its sequence 1\n`)
    return { session: opened.session, sequence: 1 }
  }
  if (session === undefined && sequence === undefined) return undefined
  if (session === undefined || sequence === undefined || !/^[0-9a-f]{32}$/.test(session)) {
    throw commandFault(
      'usage',
      '--session ID and --sequence NUMBER go together, ID of 32 hex digits; --session new stands alone'
    )
  }
  return { session, sequence }
}

/** A duplicate stands for what ran before, as far as the node still knows it. */
async function firstOutcome(
  receipt: Receipt,
  node: NodeConnection
): Promise<Parameters<typeof printReceipt>[0]> {
  if (receipt.code !== 'duplicate') return receipt
  const { session, sequence } = receipt
  const known = await node.call('tx.status', { session, sequence })
  return known.state === 'committed' ? known : receipt
}

interface Late {
  /** Undefined when the time was over before the transaction had a number, so that it was not submitted. */
  readonly name: TransactionName | undefined
}

/** Set when the node answered that the time is over. */
function lateOf(error: unknown): Late | undefined {
  if (!(error instanceof Fault)) return undefined
  const { code, number, session, sequence } = error.facts as {
    readonly code: string
    readonly number?: number
    readonly session?: string
    readonly sequence?: number
  }
  if (code !== 'timeout' || number === undefined) return undefined
  return {
    name: session === undefined || sequence === undefined ? undefined : { session, sequence }
  }
}

function tellLate({ name }: Late, isJson: boolean, node: NodeConnection, io: Io): ExitCode {
  const after = showMs(node.waitMs)
  if (name === undefined) {
    const text = `nothing was submitted within ${after}, since the node could not open its session; look at: novacron status`
    io.stderr.write(`novacron: ${text}\n`)
    return exitCodes.failed
  }
  const { session, sequence } = name
  if (isJson) writeJson(io, { session, sequence, state: 'pending' })
  io.stderr.write(
    `novacron: not committed within ${after}, and it may still be; ask again, without running it twice, ` +
      `by the same command with --session ${session} --sequence ${sequence}\n`
  )
  return exitCodes.failed
}
