import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { keepCompiledCode } from './compile-cache.ts'
import { processIo } from './process-io.ts'

keepCompiledCode(process.env)
const { run } = await import('./run.ts')
// Now rather than at the end: a daemon may be killed, and the one after it is to start as quickly.
flushCompileCache()
const io = processIo(process, fileURLToPath(import.meta.url))
process.exitCode = await run(process.argv.slice(2), io)
// Standard input may still be open, and must not keep a command alive that is done.
process.stdin.destroy()
