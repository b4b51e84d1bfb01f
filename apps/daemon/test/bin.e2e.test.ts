import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { daemonEnvironment, daemonFlags } from '../src/daemon-flags.ts'
import { testDirectory } from './test-directory.ts'

const bin = fileURLToPath(new URL('../bin/novacron.js', import.meta.url))
const bundledName = `node-${process.platform}-${process.arch}`

/** The launcher beside a main that says how it was started. */
function install({ isBuilt = true, hasBundled = false, main = tell } = {}) {
  const root = testDirectory()
  mkdirSync(join(root, 'bin'))
  cpSync(bin, join(root, 'bin', 'novacron.js'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  if (isBuilt) {
    mkdirSync(join(root, 'dist'))
    writeFileSync(join(root, 'dist', 'main.js'), main)
  }
  if (hasBundled) {
    const package_ = join(root, 'node_modules', bundledName)
    mkdirSync(join(package_, 'bin'), { recursive: true })
    writeFileSync(join(package_, 'package.json'), '{}')
    symlinkSync(process.execPath, join(package_, 'bin', 'node'))
  }
  // Makes any Node look like one that is too old; what is started from it does not get this flag.
  const old = join(root, 'old.cjs')
  const versions = '{ ...process.versions, node: "20.1.0" }'
  writeFileSync(
    old,
    `Object.defineProperty(process, 'versions', { value: ${versions} }); process.execve = undefined`
  )
  return { path: join(root, 'bin', 'novacron.js'), old: ['--require', old] }
}

const tell = `console.log(JSON.stringify([process.versions.node, process.execArgv, process.argv.slice(2)]))
process.exitCode = 3`

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>(resolve => {
    child.once('close', code => resolve({ code, out, err }))
  })
  return { child, ended, out: () => out }
}

describe('under a Node that will do', () => {
  test('the command runs at once', async () => {
    const { path } = install()
    const { code, out } = await start([path, 'status', '--json']).ended
    expect([code, JSON.parse(out)]).toEqual([3, [process.versions.node, [], ['status', '--json']]])
  })

  test('a daemon gets the flags of V8 that it needs, once', async () => {
    const { path } = install()
    for (const flags of [[], daemonFlags]) {
      const { code, out } = await start([...flags, path, 'start', '--data-dir', 'x']).ended
      expect([code, JSON.parse(out)]).toEqual([
        3,
        [process.versions.node, daemonFlags, ['start', '--data-dir', 'x']]
      ])
    }
  })

  test('a flag that the operator has set is left alone', async () => {
    const { path } = install()
    const own = '--max_semi_space_size=64'
    const others = daemonFlags.filter(flag => !flag.startsWith('--max-semi'))
    const flagsOf = async (args: readonly string[], env = {}) =>
      JSON.parse((await start(args, env).ended).out)[1]
    expect(await flagsOf([own, path, 'start'])).toEqual([own, ...others])
    const env = { NODE_OPTIONS: '--no-warnings --max-semi-space-size=64' }
    expect(await flagsOf([path, 'start'], env)).toEqual(others)
  })

  test('a daemon gets what malloc needs, unless the operator has set it, and no other command does', async () => {
    const names = Object.keys(daemonEnvironment)
    const main = `console.log(JSON.stringify(${JSON.stringify(names)}.map(name => process.env[name])))`
    const { path } = install({ main })
    const environmentOf = async (args: readonly string[], env = {}) =>
      JSON.parse((await start(args, env).ended).out)
    const [first = '', second = ''] = Object.values(daemonEnvironment)
    expect(await environmentOf([path, 'start'])).toEqual([first, second])
    expect(await environmentOf([path, 'start'], { [names[1] as string]: '7' })).toEqual([
      first,
      '7'
    ])
    expect(await environmentOf([path, 'status'])).toEqual([null, null])
  })

  test('what is not built is told', async () => {
    const { path } = install({ isBuilt: false })
    const { code, out, err } = await start([path, 'status']).ended
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^novacron: .*dist\/main\.js is missing; build it first: npm run build\n$/)
  })
})

describe('under an old Node', () => {
  test('the bundled one runs the command, with its arguments and its exit code', async () => {
    const { path, old } = install({ hasBundled: true })
    const { code, out, err } = await start([...old, path, 'start', '--x', 'a b']).ended
    expect([code, err]).toEqual([3, ''])
    expect(JSON.parse(out)).toEqual([process.versions.node, daemonFlags, ['start', '--x', 'a b']])
  })

  test('signals are passed on', async () => {
    const main = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up')`
    const { path, old } = install({ hasBundled: true, main })
    const { child, ended, out } = start([...old, path, 'devnet'])
    await expect.poll(out).toBe('up\n')
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 7 })
  })

  test('the daemon ends with the process that was started, also when that is killed', async () => {
    const main = `process.on('disconnect', () => { writeFileSync(process.argv[3], 'told'); process.exit() })
import { writeFileSync } from 'node:fs'
setInterval(() => {}, 1000); console.log('up')`
    const { path, old } = install({ hasBundled: true, main })
    const told = join(testDirectory(), 'told')
    const { child, ended, out } = start([...old, path, 'devnet', told])
    await expect.poll(out).toBe('up\n')
    child.kill('SIGKILL')
    // Its output ends with the last process that holds it.
    await ended
    expect(readFileSync(told, 'utf8')).toBe('told')
  })

  test('a command that a signal kills ends like that', async () => {
    const main = `process.kill(process.pid, 'SIGKILL')`
    const { path, old } = install({ hasBundled: true, main })
    expect(await start([...old, path, 'status']).ended).toMatchObject({ code: 137 })
  })

  test('without the bundled one a line says what was found and what is needed', async () => {
    const { path, old } = install()
    const { code, out, err } = await start([...old, path, 'status']).ended
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(
      `novacron: needs Node 24 or newer, found 20.1.0 at ${process.execPath}; install Node 24 from nodejs.org, or on Linux x64 and arm64 run: npm ci\n`
    )
  })
})
