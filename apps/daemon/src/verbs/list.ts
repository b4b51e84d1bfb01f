import type { JsonBytes } from '@novacron/node'
import { argumentText, useBase64 } from '../argument-text.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { bytesOfJson, showBytes } from '../node-bytes.ts'
import { NodeConnection } from '../node-connection.ts'
import { integer } from '../settings.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

interface ListOptions extends NodeVerbOptions {
  readonly limit: number
}

const pageEntries = 200

export const addList: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('list')
    .description(
      'Print keys with a prefix: version, size, key; JSON gives one entry with its value a line.'
    )
    .argument('[prefix]', 'text that the keys begin with', '')
    .option('--limit <count>', 'keys at most', integer(1, 1_000_000_000), 1_000)
    .action(async (prefix: string, options: ListOptions) => exit(await list(prefix, options, io)))
  addExamples(addNodeOptions(command), 'novacron list', 'novacron list user/ --limit 10 --json')
}

async function list(prefix: string, options: ListOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  argumentText(prefix, 'prefix', useBase64)
  let left = options.limit
  let after: JsonBytes | undefined
  for (;;) {
    const limit = Math.min(left, pageEntries)
    const params = { prefix: { utf8: prefix }, limit }
    const page = await node.call('kv.list', after === undefined ? params : { ...params, after })
    for (const entry of page.entries) {
      after = entry.key
      if (options.json === true) writeJson(io, entry)
      else {
        const size = bytesOfJson(entry.value).length
        io.stdout.write(`${entry.version}\t${size}\t${showBytes(entry.key)}\n`)
      }
    }
    left -= page.entries.length
    if (!page.more || page.entries.length === 0) return exitCodes.ok
    if (left > 0) continue
    io.stderr.write(`novacron: there are more keys; give --limit above ${options.limit}\n`)
    return exitCodes.ok
  }
}
