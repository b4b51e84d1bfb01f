import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDirectory } from '../../src/store/lock.ts'
import { temporaryDirectory } from './temporary-directory.ts'

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

test('a lock names its owner, keeps others out, and goes when it is released', () => {
  const directory = temporaryDirectory()
  const lock = lockDirectory(directory)
  expect(JSON.parse(readFileSync(lock.path, 'utf8')).pid).toBe(process.pid)
  expect(() => lockDirectory(directory)).toThrow(
    expect.objectContaining({
      facts: { code: 'directory-in-use', pid: process.pid, path: lock.path }
    })
  )
  lock[Symbol.dispose]()
  expect(existsSync(lock.path)).toBe(false)
  lockDirectory(directory)[Symbol.dispose]()
})

test('the lock of another living process holds', async () => {
  const directory = temporaryDirectory()
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: child.pid }))
  expect(() => lockDirectory(directory)).toThrow(`pid=${child.pid}`)
})

test('the lock of a dead process is taken over, and nothing is left lying', async () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: await deadProcess() }))
  using lock = lockDirectory(directory)
  expect(JSON.parse(readFileSync(lock.path, 'utf8')).pid).toBe(process.pid)
  expect(readdirSync(directory)).toEqual(['lock'])
})

test.runIf(process.platform === 'linux')(
  'a process id that was given to another process since is no owner',
  () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, startedAt: '1' }))
    using lock = lockDirectory(directory)
    expect(JSON.parse(readFileSync(lock.path, 'utf8')).startedAt).toMatch(/^\d+$/)
  }
)

test.each(['', '{', '{"pid":0}', '{"pid":"7"}', 'null'])(
  'a lock that says %j is taken over',
  text => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'lock'), text)
    using lock = lockDirectory(directory)
    expect(lock.path).toBe(join(directory, 'lock'))
  }
)

test('a lock that was taken over meanwhile is not removed by its former owner', () => {
  const directory = temporaryDirectory()
  const lock = lockDirectory(directory)
  writeFileSync(lock.path, 'of another')
  lock[Symbol.dispose]()
  expect(readFileSync(lock.path, 'utf8')).toBe('of another')
})

test('what cannot be locked is an error of the system', () => {
  const directory = temporaryDirectory()
  expect(() => lockDirectory(join(directory, 'missing'))).toThrow('ENOENT')
  mkdirSync(join(directory, 'lock'))
  expect(() => lockDirectory(directory)).toThrow()
})
