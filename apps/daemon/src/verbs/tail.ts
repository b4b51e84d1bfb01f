import type { JsonLogEntry } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { followLog, type LogPlace, lastEntries, readLog } from '../log-walk.ts'
import { payloadOf, showPosition, textOf } from '../node-bytes.ts'
import { NodeConnection } from '../node-connection.ts'
import { integer } from '../settings.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

interface TailOptions extends NodeVerbOptions {
  readonly from?: number
  readonly lines?: number
  readonly follow?: boolean
  readonly raw?: boolean
  readonly position?: boolean
  readonly all?: boolean
}

const lastLines = 10

export const addTail: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('tail')
    .description('Print what was submitted, in the order that all nodes agreed on.')
    .option('--from <index>', 'from this commit on', integer(1, Number.MAX_SAFE_INTEGER))
    .option(
      '-n, --lines <count>',
      'this many last entries, or with --from the first from there on (default: the last 10, or all)',
      integer(0, 100_000)
    )
    .option('-f, --follow', 'go on with new entries until Ctrl-C')
    .option('--raw', 'bytes alone, back to back, with nothing added')
    .option('-p, --position', 'begin each entry with its place, as get takes it')
    .option('--all', 'entries of every application, and those that changed nothing')
    .action(async (options: TailOptions) => exit(await tail(options, io)))
  addExamples(
    addNodeOptions(command),
    'novacron tail --follow',
    'novacron tail --from 1 --json',
    'novacron tail -p -n 3'
  )
}

async function tail(options: TailOptions, io: Io): Promise<ExitCode> {
  if (options.raw === true && options.json === true) {
    throw commandFault('usage', '--raw and --json exclude each other; give one of them')
  }
  if (options.from !== undefined && options.lines !== undefined && options.follow === true) {
    throw commandFault('usage', 'of --from, --lines and --follow, only two go together; leave one')
  }
  const node = new NodeConnection(options, io)
  const print = (entry: JsonLogEntry): void => {
    if (isWanted(entry, options)) printEntry(entry, options, io)
  }
  let next: LogPlace
  if (options.from === undefined) {
    const last = await lastEntries(node, options.lines ?? lastLines, entry =>
      isWanted(entry, options)
    )
    for (const entry of last.entries) printEntry(entry, options, io)
    next = last.next
  } else {
    next = await printFrom(options.from, options, node, io, print)
  }
  if (options.follow !== true) return exitCodes.ok
  await followLog(node, next, print, io.signal)
  return exitCodes.ok
}

/** All entries from a commit on, or as many as were asked for. */
async function printFrom(
  index: number,
  options: TailOptions,
  node: NodeConnection,
  io: Io,
  print: (entry: JsonLogEntry) => void
): Promise<LogPlace> {
  let left = options.lines ?? Number.POSITIVE_INFINITY
  const enough = new AbortController()
  const signal = AbortSignal.any([io.signal, enough.signal])
  if (left === 0) enough.abort()
  const printSome = (entry: JsonLogEntry): void => {
    if (left === 0 || !isWanted(entry, options)) return
    print(entry)
    left -= 1
    if (left === 0) enough.abort()
  }
  return readLog(node, { index, ordinal: 0 }, printSome, signal)
}

function isWanted(entry: JsonLogEntry, { all }: TailOptions): boolean {
  return all === true || (entry.application === 'log' && entry.applied)
}

function printEntry(entry: JsonLogEntry, options: TailOptions, io: Io): void {
  if (options.json === true) {
    writeJson(io, entry)
    return
  }
  const bytes = payloadOf(entry)
  if (options.position === true) {
    io.stdout.write(`${showPosition(entry.index, entry.ordinal)}\t`)
  }
  if (options.raw === true) {
    io.stdout.write(bytes)
    return
  }
  const text = textOf(bytes) ?? `base64:${entry.payload}`
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
