import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { aborted, endOf, mayMoveCursor } from '../src/io.ts'
import { type ProcessFace, processIo } from '../src/process-io.ts'
import { CapturedOutput } from './capture-io.ts'

function face(channel?: { unref(): void } | null) {
  const signals = new EventEmitter()
  const process = {
    stdout: Object.assign(new PassThrough(), { isTTY: true }),
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    env: { A: 'b' },
    execPath: '/node',
    execArgv: ['--flag'],
    channel,
    on: (signal: string, listener: () => void) => signals.on(signal, listener)
  } satisfies ProcessFace
  return { process, signals, io: processIo(process, '/main.js') }
}

test('the process is handed on as it is', () => {
  const { io } = face()
  expect(io.env).toEqual({ A: 'b' })
  expect(io.program).toEqual({ execPath: '/node', flags: ['--flag'], main: '/main.js' })
  expect([io.stdout.isTty, io.stderr.isTty]).toEqual([true, false])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s ends the command, twice is the same wish', name => {
  const { io, signals } = face()
  expect(io.signal.aborted).toBe(false)
  signals.emit(name)
  signals.emit(name)
  expect(io.signal.aborted).toBe(true)
})

test('the death of a launcher that holds a channel ends the command, and the channel holds nothing up', () => {
  let unrefs = 0
  const { io, signals } = face({
    unref: () => {
      unrefs += 1
    }
  })
  expect([unrefs, io.signal.aborted]).toEqual([1, false])
  signals.emit('disconnect')
  expect(io.signal.aborted).toBe(true)
})

test.each([undefined, null])('without a channel (%s) nobody listens for its end', channel => {
  expect(face(channel).signals.listenerCount('disconnect')).toBe(0)
})

test('what is written arrives', () => {
  const { io, process } = face()
  io.stdout.write('a')
  io.stdout.write(Buffer.from('b'))
  expect(process.stdout.read().toString()).toBe('ab')
})

test('a reader that leaves ends the command, and nothing more is written to it', () => {
  const { io, process } = face()
  process.stdout.emit('error', new Error('EPIPE'))
  expect(io.signal.aborted).toBe(true)
  io.stdout.write('lost')
  expect(process.stdout.read()).toBe(null)
})

test('a closed standard error is borne', () => {
  const { io, process } = face()
  process.stderr.emit('error', new Error('EPIPE'))
  io.stderr.write('lost')
  expect(io.signal.aborted).toBe(false)
})

test('an aborted signal has resolved, another resolves when it aborts', async () => {
  await aborted(AbortSignal.abort())
  const end = new AbortController()
  const waiting = aborted(end.signal)
  end.abort()
  await waiting
})

test.each(['end', 'destroy'] as const)('standard input that is over by %s aborts', async how => {
  const stdin = new PassThrough()
  const ended = endOf(stdin)
  stdin.write('x')
  expect(ended.aborted).toBe(false)
  if (how === 'end') stdin.end()
  else stdin.destroy(new Error('broken'))
  await aborted(ended)
})

test.each([
  { isTty: true, env: {}, may: true },
  { isTty: true, env: { NO_COLOR: '' }, may: true },
  { isTty: true, env: { NO_COLOR: '1' }, may: false },
  { isTty: true, env: { TERM: 'dumb' }, may: false },
  { isTty: false, env: {}, may: false }
])('the cursor of a terminal=$isTty with $env may be moved: $may', ({ isTty, env, may }) => {
  expect(mayMoveCursor({ stderr: new CapturedOutput(isTty), env })).toBe(may)
})
