import { fileURLToPath } from 'node:url'
import { processIo } from './process-io.ts'
import { run } from './run.ts'

const io = processIo(process, fileURLToPath(import.meta.url))
process.exitCode = await run(process.argv.slice(2), io)
// Standard input may still be open, and must not keep a command alive that is done.
process.stdin.destroy()
