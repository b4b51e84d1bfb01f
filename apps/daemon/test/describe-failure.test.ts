import { Fault } from '@novacron/base'
import { expect, test } from 'vitest'
import { commandFault } from '../src/command-fault.ts'
import { describeFailure } from '../src/describe-failure.ts'

const path = '/d/control.sock'

test.each([
  {
    facts: { code: 'not-running', path },
    exitCode: 3,
    text: `no node answers on ${path}; start it: novacron start`
  },
  {
    facts: { code: 'not-allowed', path },
    text: `${path} may be opened by its owner alone; run this as the user of the node`
  },
  {
    facts: { code: 'connection-lost', path, reason: 'ECONNRESET' },
    text: `the connection to ${path} was lost (ECONNRESET); look at the log of the node`
  },
  {
    facts: { code: 'bad-answer', path, reason: 'not JSON' },
    text: `${path} gave an answer that no node gives (not JSON); look what listens there`
  },
  {
    facts: { code: 'directory-in-use', pid: 7, path: '/d/lock' },
    text: '/d is in use by process 7; stop it: novacron stop --data-dir /d, or choose another directory'
  },
  {
    facts: { code: 'socket-in-use', path },
    text: `${path} is in use by another process; stop it or choose another directory`
  },
  {
    facts: { code: 'address-in-use', host: '127.0.0.1', port: 9 },
    text: '127.0.0.1:9 is taken by another process; change metrics.port or api.tcp.port in config.json, 0 takes a free one'
  },
  {
    facts: {
      code: 'listen-failed',
      addresses: '/ip4/127.0.0.1/tcp/9',
      error: 'Error: listen EADDRINUSE: address'
    },
    text: '/ip4/127.0.0.1/tcp/9 is taken by another process; stop it, or change listen in config.json'
  },
  {
    facts: { code: 'listen-failed', where: 'x', reason: 'EACCES' },
    text: 'x cannot be listened on (EACCES); change listen in config.json'
  },
  {
    facts: { code: 'file-missing', path: '/g', remedy: 'make it' },
    text: '/g is missing; make it'
  },
  { facts: { code: 'invalid', path: '/c', problems: ['a'] }, text: '/c is not valid: a' },
  {
    facts: {
      code: 'other-chain',
      path: '/d/genesis.json',
      begunOn: 'aa',
      chain: 'bb',
      remedy: 'put it back'
    },
    text: 'this directory was begun on chain aa, and /d/genesis.json is of chain bb; put it back'
  },
  {
    facts: { code: 'file-unwritable', path: '/g', reason: 'full', remedy: 'make room' },
    text: '/g cannot be written (full); make room'
  },
  {
    facts: { code: 'secret-missing', path: '/s' },
    text: 'api.tcp.jwtSecretFile in config.json names /s, which cannot be read; make it: openssl rand -hex 32 > /s && chmod 0600 /s'
  },
  {
    facts: { code: 'secret-mode', path: '/s', mode: '644', allowed: '600' },
    text: 'api.tcp.jwtSecretFile in config.json names /s, which has mode 0644, allowed is 0600; run: chmod 0600 /s'
  },
  {
    facts: { code: 'secret-format', path: '/s', allowed: '64 hex digits' },
    text: 'api.tcp.jwtSecretFile in config.json names /s, which holds something else than 64 hex digits; make it anew: openssl rand -hex 32 > /s'
  },
  {
    facts: { code: 'socket-path-too-long', path: '/long', bytes: 120, limit: 100 },
    text: '/long has 120 bytes, a socket path may have 100; use a shorter data directory, or set api.socketDirectory'
  },
  {
    facts: { code: 'socket-directory-open', path: '/open', mode: '755' },
    text: '/open has mode 0755, allowed is 0700 for a directory of sockets; run: chmod 0700 /open'
  },
  {
    facts: { code: 'bad-file', path: '/d/db', reason: 'Corruption: x' },
    text: '/d/db cannot be opened (Corruption: x); if it stays so, move it away and start again: peers give back what was in it'
  },
  {
    facts: { code: 'bad-file', path: '/d/signed.log', reason: 'it exists already' },
    text: '/d/signed.log cannot be opened (it exists already); look what it is, and where the right one went'
  },
  {
    facts: { code: 'disk-full', path: '/d', reason: 'ENOSPC' },
    text: '/d cannot be written (ENOSPC); make room on the disk'
  },
  {
    facts: { code: 'io', path: '/d', reason: 'EIO' },
    text: '/d cannot be read or written (EIO); look at the disk and who may use it'
  },
  {
    facts: {
      code: 'not-ready',
      number: -32001,
      message: 'The node cannot',
      state: 'starting',
      hint: 'Wait.'
    },
    exitCode: 4,
    text: 'the node answered not-ready: The node cannot (state starting); Wait.'
  },
  {
    facts: { code: 'too-large', number: -32006, message: 'More bytes', size: 5, limit: 4 },
    text: 'the node answered too-large: More bytes (size 5, limit 4)'
  },
  {
    facts: { code: 'rpc-error', number: -32603, message: 'no' },
    text: 'the node answered rpc-error: no'
  },
  { facts: { code: 'never-seen', what: 'x' }, text: 'never-seen: what=x' }
])('$facts.code is one line that says what to do', ({ facts, exitCode = 1, text }) => {
  expect(describeFailure(new Fault(facts))).toEqual({ text, exitCode })
})

test.each([
  { code: 'usage', exitCode: 2 },
  { code: 'failed', exitCode: 1 },
  { code: 'interrupted', exitCode: 1 },
  { code: 'not-ready', exitCode: 4 },
  { code: 'not-running', exitCode: 3 }
] as const)('a command that finds $code says so in its own words', ({ code, exitCode }) => {
  expect(describeFailure(commandFault(code, 'words'))).toEqual({ text: 'words', exitCode })
})

test('several problems of one file have a line each', () => {
  const fault = new Fault({ code: 'invalid', path: '/c', problems: ['a', 'b'] })
  expect(describeFailure(fault).text).toBe('/c is not valid:\n  a\n  b')
})

test('a system call on a file that is refused is one line, also without better words', () => {
  const error = Object.assign(new Error('EROFS: read-only file system'), {
    code: 'EROFS',
    path: '/r/x'
  })
  expect(describeFailure(error)).toEqual({
    text: '/r/x cannot be used (the file system can only be read, EROFS); choose another path',
    exitCode: 1
  })
  const renamed = Object.assign(error, { code: 'EISDIR', dest: '/r/y' })
  expect(describeFailure(renamed).text).toMatch(/^\/r\/y cannot be used/)
  const elsewhere = Object.assign(new Error('reset'), { code: 'ECONNRESET', path: '/r/x' })
  expect(describeFailure(elsewhere).text).toMatch(/^unexpected: /)
})

test('what nobody foresaw comes with its stack', () => {
  const { text, exitCode } = describeFailure(new TypeError('surprise'))
  expect(exitCode).toBe(1)
  expect(text).toMatch(/^unexpected: TypeError: surprise\n {4}at /)
  expect(describeFailure('text').text).toBe('unexpected: text')
  expect(describeFailure(Object.assign(new Error('bare'), { stack: undefined })).text).toBe(
    'unexpected: bare'
  )
})
