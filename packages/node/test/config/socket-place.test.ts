import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { findControlSocket, placeSockets } from '../../src/config/socket-place.ts'
import { temporaryDirectory } from '../store/temporary-directory.ts'

afterEach(() => vi.unstubAllEnvs())

function longDirectory(): string {
  const directory = join(temporaryDirectory(), 'x'.repeat(100))
  mkdirSync(directory)
  return directory
}

test('sockets lie in the data directory when their path is short enough', () => {
  const directory = temporaryDirectory()
  using place = placeSockets(directory)
  expect(place.control).toBe(join(directory, 'control.sock'))
  expect(place.ingest).toBe(join(directory, 'ingest.sock'))
  expect(findControlSocket(directory)).toBe(place.control)
})

test('a path of 100 bytes stays, one of 101 moves', () => {
  const root = temporaryDirectory()
  const name = (length: number): string =>
    'y'.repeat(length - root.length - 1 - '/control.sock'.length)
  const [fits, tooLong] = [join(root, name(100)), join(root, name(101))]
  mkdirSync(fits)
  mkdirSync(tooLong)
  using stays = placeSockets(fits)
  expect(stays.control).toHaveLength(100)
  expect(dirname(stays.control)).toBe(fits)
  using moves = placeSockets(tooLong)
  expect(dirname(moves.control)).not.toBe(tooLong)
})

test('a moved place is closed, is found through the data directory, and goes away', () => {
  const runtime = temporaryDirectory()
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  const directory = longDirectory()
  const place = placeSockets(directory)
  expect(place.control.startsWith(runtime)).toBe(true)
  expect(statSync(dirname(place.control)).mode & 0o777).toBe(0o700)
  expect(findControlSocket(directory)).toBe(place.control)
  // After a crash the same place is taken again.
  using again = placeSockets(directory)
  expect(again.control).toBe(place.control)
  place[Symbol.dispose]()
  expect(existsSync(dirname(place.control))).toBe(false)
  expect(findControlSocket(directory)).toBe(join(directory, 'control.sock'))
})

test('without a runtime directory the temporary one serves', () => {
  vi.stubEnv('XDG_RUNTIME_DIR', '')
  using place = placeSockets(longDirectory())
  expect(place.control.length).toBeLessThanOrEqual(100)
})

test('a configured directory is used and named', () => {
  const [directory, sockets] = [temporaryDirectory(), temporaryDirectory()]
  const place = placeSockets(directory, sockets)
  expect(place.control).toBe(join(sockets, 'control.sock'))
  expect(findControlSocket(directory)).toBe(place.control)
  place[Symbol.dispose]()
  expect(existsSync(sockets)).toBe(true)
})

test("a place that is open or not a directory is somebody else's", () => {
  const runtime = temporaryDirectory()
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  const directory = longDirectory()
  const place = placeSockets(directory)
  const taken = dirname(place.control)
  chmodSync(taken, 0o755)
  expect(() => placeSockets(directory)).toThrow(expect.objectContaining({ code: 'file-mode' }))
  rmSync(taken, { recursive: true })
  symlinkSync(temporaryDirectory(), taken)
  expect(() => placeSockets(directory)).toThrow(expect.objectContaining({ code: 'file-mode' }))
})

test('no short place at all is one clear error', () => {
  const long = longDirectory()
  vi.stubEnv('XDG_RUNTIME_DIR', long)
  vi.stubEnv('TMPDIR', long)
  expect(() => placeSockets(long)).toThrow('use a shorter data directory')
})
