import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataPathsOf } from '@novacron/node'
import { expect, onTestFinished, test } from 'vitest'
import { Daemon } from '../../src/devnet/daemon.ts'
import { sourceProgram } from '../capture-io.ts'
import { serveFakeNode } from '../fake-node.ts'
import { testDirectory } from '../test-directory.ts'

/** A process that runs `script` in place of the program. */
function daemonOf(
  script: string,
  { earlierLog = '', directory = testDirectory(), flags = sourceProgram.flags } = {}
) {
  const { logs } = dataPathsOf(directory)
  mkdirSync(logs)
  if (earlierLog !== '') writeFileSync(join(logs, 'daemon.log'), earlierLog)
  const main = join(directory, 'main.cjs')
  writeFileSync(main, script)
  const daemon = new Daemon(
    { name: 'node-1', directory },
    { program: { ...sourceProgram, flags, main }, env: process.env }
  )
  onTestFinished(() => void daemon.stop())
  return daemon
}

test('last words are those of this process, not of one that ran before', async () => {
  const earlierLog = 'novacron: the port is taken\n'
  const daemon = daemonOf('console.error("hello")', { earlierLog })
  await daemon.exited
  expect(daemon.lastWords()).toBeUndefined()
  expect(daemon.logTail()).toBe('  hello\n')
})

test('stopping one never speaks to who answers on the socket in its place', async () => {
  const { node, directory } = await serveFakeNode()
  const script = 'process.stdin.on("end", () => process.exit()).resume()'
  const daemon = daemonOf(script, { directory })
  expect(daemon.ownsDirectory).toBe(false)
  expect(await daemon.stop()).toBeUndefined()
  expect(daemon.isRunning).toBe(false)
  expect(node.stops).toBe(0)
})

test('one that still loads is ended at once, and that is nothing to tell', async () => {
  const daemon = daemonOf('setInterval(() => {}, 1_000)')
  expect(await daemon.stop()).toBeUndefined()
  expect(await daemon.exited).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a flag of V8 that this process was given is not outdone', async () => {
  const flags = [...sourceProgram.flags, '--max-semi-space-size=64']
  const daemon = daemonOf('console.log(process.execArgv.join(" "))', { flags })
  await daemon.exited
  expect(daemon.logTail().match(/--max-semi-space-size=\d+/g)).toEqual(['--max-semi-space-size=64'])
})
