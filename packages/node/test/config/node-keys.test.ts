import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { createKeys, keyPath, keyUses, loadKeys } from '../../src/config/node-keys.ts'
import { temporaryDirectory } from '../store/temporary-directory.ts'

function keysDirectory(): string {
  return join(temporaryDirectory(), 'keys')
}

test('created keys are read back, three different ones, closed to others', () => {
  const directory = keysDirectory()
  const created = createKeys(directory)
  const loaded = loadKeys(directory)
  expect(loaded.peerId).toBe(created.peerId)
  expect(loaded.peerId).toMatch(/^12D3KooW/)
  const publicKeys = keyUses.map(use => toHex(loaded[use].publicKey))
  expect(publicKeys).toEqual(keyUses.map(use => toHex(created[use].publicKey)))
  expect(new Set(publicKeys).size).toBe(3)
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  for (const use of keyUses) expect(statSync(keyPath(directory, use)).mode & 0o777).toBe(0o600)
  expect(readFileSync(keyPath(directory, 'vrf'), 'utf8')).toMatch(
    /^ecvrf-edwards25519:[0-9a-f]{64}\n$/
  )
})

test('existing keys are never overwritten', () => {
  const directory = keysDirectory()
  createKeys(directory)
  const before = readFileSync(keyPath(directory, 'peer'), 'utf8')
  rmSync(keyPath(directory, 'vrf'))
  expect(() => createKeys(directory)).toThrow('file-exists')
  expect(readFileSync(keyPath(directory, 'peer'), 'utf8')).toBe(before)
})

test.each([0o640, 0o604, 0o601, 0o700])(
  'a key file of mode %o is refused with the remedy',
  mode => {
    const directory = keysDirectory()
    createKeys(directory)
    const path = keyPath(directory, 'consensus')
    chmodSync(path, mode)
    expect(() => loadKeys(directory)).toThrow(
      expect.objectContaining({
        facts: {
          code: 'file-mode',
          path,
          mode: `0${mode.toString(8)}`,
          allowed: '0600',
          remedy: `run: chmod 0600 ${path}`
        }
      })
    )
  }
)

test('a stricter key file is fine, an open directory is not', () => {
  const directory = keysDirectory()
  createKeys(directory)
  chmodSync(keyPath(directory, 'peer'), 0o400)
  loadKeys(directory)
  chmodSync(directory, 0o750)
  expect(() => loadKeys(directory)).toThrow(`run: chmod 0700 ${directory}`)
})

test('a missing key or directory says so', () => {
  const directory = keysDirectory()
  expect(() => loadKeys(directory)).toThrow('run: novacron init')
  createKeys(directory)
  rmSync(keyPath(directory, 'vrf'))
  expect(() => loadKeys(directory)).toThrow(expect.objectContaining({ code: 'file-missing' }))
})

test.each([
  { name: 'empty', text: '' },
  { name: 'another algorithm', text: `ecvrf-edwards25519:${'ab'.repeat(32)}` },
  { name: 'too short', text: `ed25519:${'ab'.repeat(31)}` },
  { name: 'too long', text: `ed25519:${'ab'.repeat(33)}` },
  { name: 'upper case', text: `ed25519:${'AB'.repeat(32)}` },
  { name: 'a third field', text: `ed25519:${'ab'.repeat(32)}:x` },
  { name: 'no seed', text: 'ed25519' }
])('a key file that is $name is malformed, and its content is not shown', ({ text }) => {
  const directory = keysDirectory()
  createKeys(directory)
  const path = keyPath(directory, 'consensus')
  writeFileSync(path, text)
  let message = ''
  try {
    loadKeys(directory)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toContain('key-malformed')
  expect(message).toContain(path)
  expect(message).not.toMatch(/(ab){20}/i)
})

test('a huge key file is refused before it is read', () => {
  const directory = keysDirectory()
  createKeys(directory)
  writeFileSync(keyPath(directory, 'peer'), 'x'.repeat(10_000))
  expect(() => loadKeys(directory)).toThrow(expect.objectContaining({ code: 'file-unreadable' }))
})

test('one seed for two uses is refused', () => {
  const directory = keysDirectory()
  createKeys(directory)
  const seed = readFileSync(keyPath(directory, 'peer'), 'utf8').split(':')[1]
  writeFileSync(keyPath(directory, 'vrf'), `ecvrf-edwards25519:${seed}`)
  expect(() => loadKeys(directory)).toThrow(
    expect.objectContaining({
      facts: expect.objectContaining({
        code: 'key-reused',
        path: keyPath(directory, 'vrf'),
        other: keyPath(directory, 'peer')
      })
    })
  )
})
