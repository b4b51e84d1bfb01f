import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Child, endChild, showExit, startChild } from '../../src/devnet/child.ts'
import { startLoad } from '../../src/devnet/load-process.ts'
import { testDirectory } from '../test-directory.ts'

/** A program of one script in place of ours. */
function programOf(script: string) {
  const main = join(testDirectory(), 'main.cjs')
  writeFileSync(main, script)
  return { program: { execPath: process.execPath, flags: [] as string[], main }, env: {} }
}

async function start(script: string): Promise<Child> {
  const child = startChild(
    programOf(`${script}\nconsole.log('up')`),
    [],
    [],
    ['pipe', 'ignore' as 'pipe']
  )
  onTestFinished(() => void child.process.kill('SIGKILL'))
  await new Promise(resolve => child.process.stdout?.once('data', resolve))
  return child
}

const staying = 'setInterval(() => {}, 1000)'
const deaf = `process.on('SIGTERM', () => {}); ${staying}`
const polite = 'process.stdin.on("end", () => process.exit(0)).resume()'

describe('a child is ended', () => {
  test.each([
    {
      name: 'by the end of its standard input',
      script: polite,
      how: 'exited',
      code: 0,
      signal: null
    },
    { name: 'by SIGTERM', script: staying, how: 'terminated', code: null, signal: 'SIGTERM' },
    { name: 'by SIGKILL', script: deaf, how: 'killed', code: null, signal: 'SIGKILL' }
  ])('$name', async ({ script, how, code, signal }) => {
    const child = await start(script)
    expect(child.exit).toBe(undefined)
    const politeMs = how === 'exited' ? 20_000 : 50
    const termMs = how === 'killed' ? 50 : 20_000
    expect(await endChild(child, { politeMs, termMs })).toBe(how)
    expect(child.exit).toEqual({ code, signal })
  })

  test('also when it is gone already', async () => {
    const child = await start('')
    await child.exited
    expect(await endChild(child, { politeMs: 1, termMs: 1 })).toBe('exited')
  })
})

test('a program that cannot be started is an exit with a reason', async () => {
  const program = { execPath: '/nowhere/node', flags: [], main: 'x' }
  const child = startChild({ program, env: {} }, [], [], ['pipe', 'pipe'])
  expect(showExit(await child.exited)).toBe('could not be started (spawn /nowhere/node ENOENT)')
})

test.each([
  { exit: { code: 1, signal: null }, text: 'exited with code 1' },
  { exit: { code: null, signal: 'SIGKILL' as const }, text: 'was killed by SIGKILL' }
])('an exit is shown: $text', ({ exit, text }) => {
  expect(showExit(exit)).toBe(text)
})

describe('the load process', () => {
  const options = {
    controls: ['a', 'b'],
    ratePerSecond: 5,
    transactionBytes: 6,
    durationMs: 700,
    drainMs: 800
  }
  const result = {
    durationSeconds: 1,
    submitted: 2,
    committed: 2,
    transactionsPerSecond: 2,
    latencyMs: { p50: 1, p99: 1 }
  }

  test('tells progress, notes and its result, and is told what to do', async () => {
    const notes: string[] = []
    const say = (message: unknown) => `console.log(${JSON.stringify(JSON.stringify(message))});`
    const script = `
      ${say({ type: 'started' })}
      ${say({ type: 'progress', submitted: 1 })}
      console.log(JSON.stringify({ type: 'note', note: process.argv.slice(2).join(' ') }));
      process.stdin.on('end', () => { ${say({ type: 'finished', ...result })} }).resume()`
    await using load = startLoad(options, programOf(script), note => notes.push(note))
    await expect.poll(() => load.progress).toMatchObject({ submitted: 1 })
    await expect
      .poll(() => notes)
      .toEqual([
        'load: load --control a --control b --rate 5 --bytes 6 --drain 800ms --duration 700ms'
      ])
    load.stop()
    expect(await load.finished).toEqual(result)
  })

  test.each([
    {
      name: 'with a reason',
      script: 'console.error("x\\nnovacron: no node"); process.exit(3)',
      text: 'the load exited with code 3: no node'
    },
    {
      name: 'with noise',
      script: 'for (let i = 0; i < 21; i++) console.error(i)',
      text: `the load exited with code 0: ${Array.from({ length: 20 }, (_, i) => i + 1).join(' ')}`
    },
    { name: 'in silence', script: '', text: 'the load exited with code 0: it said nothing' }
  ])('that ends $name has failed', async ({ script, text }) => {
    await using load = startLoad(options, programOf(script), () => {})
    await expect(load.finished).rejects.toMatchObject({ facts: { code: 'failed', message: text } })
  })

  test('that could not be started has failed', async () => {
    const program = { execPath: '/nowhere/node', flags: [], main: 'x' }
    await using load = startLoad(options, { program, env: {} }, () => {})
    await expect(load.finished).rejects.toMatchObject({
      facts: {
        message: 'the load could not be started (spawn /nowhere/node ENOENT): it said nothing'
      }
    })
  })
})
