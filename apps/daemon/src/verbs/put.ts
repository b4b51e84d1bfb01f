import { kvKeyBytesMax } from '@novacron/node'
import { argumentText, useBase64 } from '../argument-text.ts'
import { commandFault } from '../command-fault.ts'
import type { ExitCode, Io } from '../io.ts'
import { jsonOfBytes } from '../node-bytes.ts'
import { NodeConnection } from '../node-connection.ts'
import { readAll } from '../read-input.ts'
import { addSubmissionOptions, type SubmissionOptions, submitOnce } from '../submission.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

type PutOptions = NodeVerbOptions & SubmissionOptions

/** Of a value on standard input; the node knows the exact limit. */
const inputBytesMax = 8 * 1024 * 1024

export const addPut: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('put')
    .description('Set a key of the replicated store; prints @index.ordinal of the change.')
    .argument('<key>', `1 to ${kvKeyBytesMax} bytes of UTF-8`)
    .argument('<value>', 'text, - for standard input')
    .action(async (key: string, value: string, options: PutOptions) =>
      exit(await put(key, value, options, io))
    )
  addExamples(
    addNodeOptions(addSubmissionOptions(command), '30s'),
    'novacron put colour blue',
    'novacron put logo - < logo.png'
  )
}

async function put(key: string, value: string, options: PutOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  argumentText(key, 'key', useBase64)
  argumentText(value, 'value', 'give it on standard input, with - in its place')
  const keyBytes = Buffer.byteLength(key)
  if (keyBytes < 1 || keyBytes > kvKeyBytesMax) {
    throw commandFault('usage', `key has ${keyBytes} bytes, allowed are 1 to ${kvKeyBytesMax}`)
  }
  const bytes =
    value === '-' ? await readAll(io.stdin, 'standard input', inputBytesMax) : Buffer.from(value)
  const payload = { type: 'put', key: { utf8: key }, value: jsonOfBytes(bytes) } as const
  return submitOnce({ application: 'kv', payload }, options, node, io)
}
