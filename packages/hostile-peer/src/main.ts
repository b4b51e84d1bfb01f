import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadNode, startNode } from '@novacron/node'
import { lyingMesh } from './lying-mesh.ts'
import { checkMisdeeds } from './misdeed.ts'

// Ends when standard input does, as daemons of a local network do.
const accountMs = 200

const [directory = '', names = '', account = 'lies.json'] = process.argv.slice(2)
const misdeeds = checkMisdeeds(names.split(','))
const told = new Map<string, number>()
const mesh = lyingMesh(loadNode(directory), misdeeds, name => {
  told.set(name, (told.get(name) ?? 0) + 1)
})
const end = new AbortController()
const ended = new Promise<void>(resolve => {
  const stop = (): void => {
    end.abort()
    resolve()
  }
  process.stdin.once('end', stop).once('close', stop).resume()
})
await using node = await startNode(directory, { mesh }, end.signal)
const writing = setInterval(() => {
  writeFileSync(join(directory, account), JSON.stringify(Object.fromEntries(told)))
}, accountMs)
await Promise.race([ended, node.stopped])
clearInterval(writing)
process.stdin.destroy()
