import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { keepCompiledCode } from './compile-cache.ts'
import { processIo } from './process-io.ts'

keepCompiledCode(process.env)
const { run } = await import('./run.ts')
// Now rather than at the end: a daemon may be killed, and the one after it is to start as quickly.
flushCompileCache()
const io = processIo(process, fileURLToPath(import.meta.url))
// Once nothing is left to do, Node takes itself apart, and waits for handles and requests that it has counted. With v24.21 that wait
// was seen to spin for ever: all of `novacron chaos` was done and printed, and the process stayed. A daemon does not leave without it,
// since what ends its database is part of it.
if (process.argv[2] !== 'start') process.once('exit', () => process.exit())
process.exitCode = await run(process.argv.slice(2), io)
// Standard input may still be open, and must not keep a command alive that is done.
process.stdin.destroy()
