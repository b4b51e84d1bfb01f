import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadNode, startNode } from '@novacron/node'
import { lyingMesh } from './lying-mesh.ts'
import { checkMisdeeds } from './misdeed.ts'

// Ends when standard input does, as daemons of a local network do.
const accountMs = 200
const lookMs = 20

const [directory = '', names = '', seed = '1', account = 'lies.json', cue] = process.argv.slice(2)
const misdeeds = checkMisdeeds(names.split(','))
const told = new Map<string, number>()
let isLying = cue === undefined
const looking = setInterval(() => {
  isLying ||= cue !== undefined && existsSync(join(directory, cue))
}, lookMs)
const mesh = lyingMesh(loadNode(directory), misdeeds, {
  seed: Number(seed),
  isLying: () => isLying,
  onLie: name => told.set(name, (told.get(name) ?? 0) + 1)
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
  // Whoever reads it sees all of it.
  const written = join(directory, `${account}.new`)
  writeFileSync(written, JSON.stringify(Object.fromEntries(told)))
  renameSync(written, join(directory, account))
}, accountMs)
await Promise.race([ended, node.stopped])
clearInterval(writing)
clearInterval(looking)
process.stdin.destroy()
