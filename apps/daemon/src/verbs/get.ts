import { argumentText, useBase64 } from '../argument-text.ts'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { bytesOfJson, parsePosition, payloadOf, showPosition } from '../node-bytes.ts'
import { NodeConnection } from '../node-connection.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

interface GetOptions extends NodeVerbOptions {
  readonly key?: boolean
}

export const addGet: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('get')
    .description('Print the value of a key, or the bytes of a log entry, with nothing added.')
    .argument('<what>', 'a key, or @INDEX[.ORDINAL] of a log entry')
    .option('--key', 'take the argument as a key although it begins with @')
    .action(async (what: string, options: GetOptions) => exit(await get(what, options, io)))
  addExamples(addNodeOptions(command), 'novacron get colour', 'novacron get @12.0 > README.md')
}

async function get(what: string, options: GetOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  if (options.key === true || !what.startsWith('@')) return getValue(what, options, node, io)
  const position = parsePosition(what)
  if (position === undefined) {
    const text = `${what} names no log entry, allowed is @INDEX[.ORDINAL] from @1; for a key that begins with @ give --key`
    throw commandFault('usage', text)
  }
  return getEntry(position, options, node, io)
}

async function getValue(
  key: string,
  options: GetOptions,
  node: NodeConnection,
  io: Io
): Promise<ExitCode> {
  const answer = await node.call('kv.get', { key: { utf8: argumentText(key, 'key', useBase64) } })
  if (options.json === true) writeJson(io, answer)
  if (answer.value === null) {
    io.stderr.write(`novacron: there is no key ${JSON.stringify(key)} at commit ${answer.index}\n`)
    return exitCodes.failed
  }
  if (options.json !== true) writeBytes(bytesOfJson(answer.value), io)
  return exitCodes.ok
}

async function getEntry(
  { index, ordinal }: { readonly index: number; readonly ordinal: number },
  options: GetOptions,
  node: NodeConnection,
  io: Io
): Promise<ExitCode> {
  const page = await node.call('log.range', { from: index, fromOrdinal: ordinal, limit: 1 })
  const entry = page.entries[0]
  if (entry?.index !== index || entry.ordinal !== ordinal) {
    const next =
      entry === undefined ? '' : `; the next one is ${showPosition(entry.index, entry.ordinal)}`
    io.stderr.write(`novacron: there is no log entry ${showPosition(index, ordinal)}${next}\n`)
    return exitCodes.failed
  }
  if (options.json === true) writeJson(io, entry)
  else writeBytes(payloadOf(entry), io)
  return exitCodes.ok
}

/** A terminal gets a line end, so that the prompt does not stick to the value; files and pipes get the bytes alone. */
function writeBytes(bytes: Uint8Array, { stdout }: Io): void {
  stdout.write(bytes)
  if (stdout.isTty && bytes.at(-1) !== 0x0a) stdout.write('\n')
}
