import { dataPathsOf, defaultClusterOptions, readGenesis } from '@novacron/node'
import type { ExitCode, Io } from '../io.ts'
import { NodeConnection } from '../node-connection.ts'
import { readAll, readWholeFile } from '../read-input.ts'
import { addSubmissionOptions, type SubmissionOptions, submitOnce } from '../submission.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

interface SubmitOptions extends NodeVerbOptions, SubmissionOptions {
  readonly file: string
  readonly json?: boolean
}

export const addSubmit: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('submit')
    .description(
      'Append the bytes of a file, or of standard input, to the log; prints @index.ordinal.'
    )
    .option('--file <file>', 'file to append, - for standard input', '-')
    .action(async (options: SubmitOptions) => exit(await submit(options, io)))
  addExamples(
    addNodeOptions(addSubmissionOptions(command), '30s'),
    'novacron submit --file README.md --wait committed',
    'date | novacron submit'
  )
}

async function submit(options: SubmitOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  const bytesMax = transactionBytesMax(node.directory)
  const payload =
    options.file === '-'
      ? await readAll(io.stdin, 'standard input', bytesMax)
      : await readWholeFile(options.file, bytesMax)
  const content = { application: 'log', payload: Buffer.from(payload).toString('base64') } as const
  return submitOnce(content, options, node, io)
}

/** Of the chain; without a genesis to read the default bounds what is read, and the node has the last word. */
function transactionBytesMax(directory: string): number {
  try {
    return readGenesis(dataPathsOf(directory).genesis).cluster.transactionBytesMax
  } catch {
    return defaultClusterOptions.transactionBytesMax
  }
}
