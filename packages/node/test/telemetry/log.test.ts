import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '@novacron/base'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { errorFacts, type LogsOptions, modulesMax, openLogs } from '../../src/telemetry/log.ts'
import { LogSampler } from '../../src/telemetry/log-sampler.ts'
import { textOfLine } from '../../src/telemetry/log-text.ts'
import { testDirectory } from '../api/http-call.ts'

function open(options: Partial<LogsOptions> = {}) {
  const lines: string[] = []
  const logs = openLogs({
    destination: { type: 'stream', format: 'json', write: line => lines.push(line) },
    ...options
  })
  return { logs, lines, parsed: () => lines.map(line => JSON.parse(line)) }
}

test('a line has level, time, module, event and the facts', () => {
  const { logs, parsed } = open()
  using _ = logs
  logs.module('store').warn('flush-slow', { seconds: 0.4 })
  logs.module('store').info('opened')
  expect(parsed()).toEqual([
    { level: 'warn', time: expect.any(Number), module: 'store', event: 'flush-slow', seconds: 0.4 },
    { level: 'info', time: expect.any(Number), module: 'store', event: 'opened' }
  ])
})

test('levels change while it runs, for one module or for all that have none of their own', () => {
  const { logs, parsed } = open({ level: 'info', moduleLevels: { mesh: 'error' } })
  using _ = logs
  const [api, mesh] = [logs.module('api'), logs.module('mesh')]
  expect(logs.module('api')).toBe(api)
  const say = () => {
    api.debug('d')
    mesh.debug('d')
  }
  say()
  expect(parsed()).toHaveLength(0)
  logs.setLevel({ level: 'debug' })
  say()
  expect(parsed().map(({ module }) => module)).toEqual(['api'])
  logs.setLevel({ level: 'trace', module: 'mesh' })
  say()
  mesh.trace('t')
  expect(parsed().map(({ module }) => module)).toEqual(['api', 'api', 'mesh', 'mesh'])
  logs.setLevel({ level: 'silent', module: 'mesh' })
  mesh.fatal('f')
  expect(parsed()).toHaveLength(4)
  logs.setLevel({ level: 'debug', module: 'later' })
  logs.module('later').debug('d')
  expect(parsed()).toHaveLength(5)
  expect([logs.levelOf('later'), logs.levelOf('unknown')]).toEqual(['debug', 'debug'])
})

test('modules and their levels are bounded', () => {
  const { logs } = open()
  using _ = logs
  for (let i = 0; i < modulesMax; i++) logs.module(`m${i}`)
  expect(() => logs.module('one-more')).toThrow()
  for (let i = 0; i < modulesMax + 10; i++) logs.setLevel({ level: 'debug', module: `x${i}` })
  expect(logs.levelOf(`x${modulesMax - 1}`)).toBe('debug')
  expect(logs.levelOf(`x${modulesMax}`)).toBe('info')
})

test('secrets never reach the line', () => {
  const { logs, lines, parsed } = open()
  using _ = logs
  logs.module('api').info('request', {
    token: 'hidden-1',
    authorization: 'hidden-2',
    headers: { authorization: 'hidden-3' },
    key: { privateKey: 'hidden-4' },
    path: '/rpc'
  })
  expect(lines.join('')).not.toContain('hidden')
  expect(parsed()[0]).toMatchObject({ token: '[redacted]', path: '/rpc' })
})

test('errors keep their text, code and cause', () => {
  const { logs, parsed } = open()
  using _ = logs
  const cause = new Error('disk')
  logs.module('store').error('failed', { error: new Fault({ code: 'io', path: 'db' }, { cause }) })
  expect(parsed()[0].error).toMatchObject({
    name: 'Fault',
    message: 'io: path=db',
    code: 'io',
    cause: 'disk',
    stack: expect.stringContaining('log.test.ts')
  })
  expect(errorFacts('text')).toBe('text')
})

test('one event cannot flood the log, others pass, and the number of lines left out follows', () => {
  vi.useFakeTimers()
  try {
    const sampling = { linesPerWindowMax: 3, windowMs: 1000, namesMax: 10 }
    const { logs, parsed } = open({ sampling })
    using _ = logs
    const log = logs.module('mesh')
    for (let i = 0; i < 10; i++) log.info('dial-failed', { i })
    log.info('connected')
    expect(parsed().map(({ event }) => event)).toEqual([
      'dial-failed',
      'dial-failed',
      'dial-failed',
      'connected'
    ])
    vi.advanceTimersByTime(2000)
    expect(parsed().at(-1)).toMatchObject({
      level: 'warn',
      module: 'mesh',
      event: 'lines-suppressed',
      of: 'dial-failed',
      suppressed: 7
    })
    log.info('dial-failed')
    expect(parsed()).toHaveLength(6)
  } finally {
    vi.useRealTimers()
  }
})

test('disposal tells what is still left out', () => {
  const { logs, parsed } = open({
    sampling: { linesPerWindowMax: 1, windowMs: 60_000, namesMax: 10 }
  })
  for (let i = 0; i < 3; i++) logs.module('a').info('x')
  logs[Symbol.dispose]()
  expect(parsed().at(-1)).toMatchObject({ event: 'lines-suppressed', suppressed: 2 })
})

test('in every window as many lines pass as allowed, and every line left out is counted once', () => {
  const steps = fc.array(
    fc.record({ after: fc.nat(400), name: fc.constantFrom('a', 'b', 'c', 'd') })
  )
  fc.assert(
    fc.property(steps, steps => {
      let suppressed = 0
      const options = { linesPerWindowMax: 2, windowMs: 1000, namesMax: 2 }
      const sampler = new LogSampler(options, (_name, count) => {
        suppressed += count
      })
      let now = 0
      let passed = 0
      for (const { after, name } of steps) {
        now += after
        if (sampler.admit(name, now)) passed += 1
      }
      sampler.flush(Number.POSITIVE_INFINITY)
      expect(passed + suppressed).toBe(steps.length)
    })
  )
})

test('names beyond the limit share one allowance', () => {
  const counts: [string, number][] = []
  const options = { linesPerWindowMax: 1, windowMs: 1000, namesMax: 2 }
  const sampler = new LogSampler(options, (name, count) => counts.push([name, count]))
  const admitted = ['a', 'b', 'c', 'd', 'e'].map(name => sampler.admit(name, 0))
  expect(admitted).toEqual([true, true, true, false, false])
  sampler.flush(1000)
  expect(counts).toEqual([['other', 2]])
})

test('a file gets JSON lines and is closed to others', () => {
  const path = join(testDirectory(), 'node.log')
  const logs = openLogs({ destination: { type: 'file', path } })
  logs.module('api').info('started', { port: 1 })
  logs[Symbol.dispose]()
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ event: 'started', port: 1 })
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('stderr gets JSON lines when it is no terminal', async () => {
  const module = new URL('../../src/telemetry/log.ts', import.meta.url).href
  const script = `const { openLogs } = await import(${JSON.stringify(module)})
    const logs = openLogs({ destination: { type: 'stderr' } })
    logs.module('api').info('started')
    logs[Symbol.dispose]()`
  const run = ['--conditions=@novacron/source', '--input-type=module', '-e', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, run)
  expect(stdout).toBe('')
  expect(JSON.parse(stderr)).toMatchObject({ module: 'api', event: 'started' })
})

test('stderr gets text when it is a terminal', () => {
  const wasTerminal = process.stderr.isTTY
  const written: string[] = []
  const spy = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation(text => written.push(String(text)) > 0)
  try {
    process.stderr.isTTY = true
    for (const noColor of ['', '1']) {
      vi.stubEnv('NO_COLOR', noColor)
      using logs = openLogs({ destination: { type: 'stderr' } })
      logs.module('api').info('started')
    }
  } finally {
    process.stderr.isTTY = wasTerminal
    vi.unstubAllEnvs()
    spy.mockRestore()
  }
  expect(written[0]).toContain('\u001b[32minfo ')
  expect(written[1]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}api {7}started\n$/)
})

test.each([
  { facts: {}, shown: '' },
  { facts: { seconds: 0.5, path: '/a/b.c' }, shown: ' seconds=0.5 path=/a/b.c' },
  { facts: { text: 'two words' }, shown: ' text="two words"' },
  { facts: { empty: '' }, shown: ' empty=""' },
  { facts: { list: [1, 2], no: null }, shown: ' list=[1,2] no=null' }
])('$facts is shown as $shown', ({ facts, shown }) => {
  const line = JSON.stringify({
    level: 'info',
    time: 0,
    module: 'store',
    event: 'flushed',
    ...facts
  })
  expect(textOfLine(line, false)).toBe(`00:00:00.000 info  store     flushed${shown}\n`)
})

test('text without a time or module is shown too, and what is no line passes as it is', () => {
  expect(textOfLine('{"level":"odd","event":"e"}', true)).toMatch(/^--:--:--.--- odd/)
  expect(textOfLine('not json', true)).toBe('not json')
})

function isControl(character: string): boolean {
  const code = character.charCodeAt(0)
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029
}

test('whatever the facts are, one line comes out and nothing that steers a terminal', () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('\u001b[2J', 'a\nb', '\u009b31m', '\u007f', '\u2028'),
    fc.jsonValue()
  )
  fc.assert(
    fc.property(value, value => {
      const text = textOfLine(
        JSON.stringify({ level: 'info', time: 0, module: 'm', event: 'e', value }),
        false
      )
      expect([...text.slice(0, -1)].filter(isControl)).toEqual([])
      expect(text.length).toBeLessThan(3000)
    })
  )
})

test('an endless fact is cut', () => {
  const line = JSON.stringify({ level: 'info', time: 0, event: 'e', text: 'x'.repeat(10_000) })
  expect(textOfLine(line, false).length).toBeLessThan(500)
})
