import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { startNode } from '../../src/node.ts'

/**
 * A node in a process of its own: `crash-main.ts DIRECTORY [POINT K]`. Tells when it has started; kills itself before the
 * K-th persistence point of that kind, counted from its start or from the message that says so, or stops in order on SIGTERM.
 */
const [directory = '', ...plan] = process.argv.slice(2)
let [point, left] = [plan[0], Number(plan[1])]
process.on('message', (late: [string, number]) => {
  ;[point, left] = late
})
const shutdown = new AbortController()
process.once('SIGTERM', () => shutdown.abort())
const onPersist = (reached: string): void => {
  if (reached !== point) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
const node = await startNode(directory, { store: { onPersist } }, shutdown.signal)
// Whoever is killed keeps nothing for the next one to start from.
flushCompileCache()
writeSync(1, 'started\n')
const asked = new Promise<void>(resolve =>
  shutdown.signal.addEventListener('abort', () => resolve())
)
const reason = await Promise.race([asked, node.stopped])
await node[Symbol.asyncDispose]()
process.disconnect()
// Only a failure leaves something in the way of a clean end.
if (typeof reason === 'object' && reason.type === 'failed') process.exitCode = 1
