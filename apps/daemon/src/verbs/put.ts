import { kvKeyBytesMax, type Wait } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import type { ExitCode, Io } from '../io.ts'
import { jsonOfBytes } from '../node-bytes.ts'
import { NodeConnection } from '../node-connection.ts'
import { readAll } from '../read-input.ts'
import { printReceipt } from '../receipt.ts'
import { oneOf } from '../settings.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

interface PutOptions extends NodeVerbOptions {
  readonly wait: Wait
}

/** Of a value on standard input; the node knows the exact limit. */
const inputBytesMax = 8 * 1024 * 1024

export const addPut: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('put')
    .description('Set a key of the replicated store; prints @index.ordinal of the change.')
    .argument('<key>', `1 to ${kvKeyBytesMax} bytes of UTF-8`)
    .argument('<value>', 'text, - for standard input')
    .option(
      '--wait <state>',
      'none | accepted | committed',
      oneOf('none', 'accepted', 'committed'),
      'committed'
    )
    .action(async (key: string, value: string, options: PutOptions) =>
      exit(await put(key, value, options, io))
    )
  addExamples(
    addNodeOptions(command, 30_000),
    'novacron put colour blue',
    'novacron put logo - < logo.png'
  )
}

async function put(key: string, value: string, options: PutOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  const keyBytes = Buffer.byteLength(key)
  if (keyBytes < 1 || keyBytes > kvKeyBytesMax) {
    throw commandFault('usage', `key has ${keyBytes} bytes, allowed are 1 to ${kvKeyBytesMax}`)
  }
  const bytes =
    value === '-' ? await readAll(io.stdin, 'standard input', inputBytesMax) : Buffer.from(value)
  const receipt = await node.call('tx.submit', {
    application: 'kv',
    payload: { type: 'put', key: { utf8: key }, value: jsonOfBytes(bytes) },
    wait: options.wait,
    timeoutMs: node.waitMs
  })
  return printReceipt(receipt, options.json === true, io)
}
