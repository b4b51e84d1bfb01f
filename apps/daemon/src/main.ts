import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { keepCompiledCode } from './compile-cache.ts'
import { processIo } from './process-io.ts'

keepCompiledCode(process.env)
const { run } = await import('./run.ts')
// Now rather than at the end: a daemon may be killed, and the one after it is to start as quickly.
flushCompileCache()
const io = processIo(process, fileURLToPath(import.meta.url))
// Once nothing is left to do, Node waits for handles and requests that it has counted while it takes itself apart. With v24.21
// that wait was seen to spin for ever: everything was done and printed, and the process stayed.
process.once('exit', () => process.exit())
process.exitCode = await run(process.argv.slice(2), io)
// Standard input may still be open, and must not keep a command alive that is done.
process.stdin.destroy()
