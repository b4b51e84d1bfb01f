import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  makePrivateDirectory,
  requirePrivateDirectory,
  writeNewFile
} from '../../src/config/data-file.ts'
import { fileTroubleOf } from '../../src/config/file-trouble.ts'

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ncn-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function factsOf(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return (error as { facts?: unknown }).facts ?? error
  }
  return undefined
}

test('a directory is made with those above it, for its owner alone', () => {
  const root = scratch()
  const directory = join(root, 'a', 'b', 'c')
  makePrivateDirectory(directory)
  for (const each of [directory, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700)
  makePrivateDirectory(directory)
})

test('a directory that cannot be made is named, with the reason and what to do', () => {
  const root = scratch()
  const file = join(root, 'file')
  writeFileSync(file, '')
  expect(factsOf(() => makePrivateDirectory(join(file, 'x', 'y')))).toEqual({
    code: 'file-unwritable',
    path: join(file, 'x', 'y'),
    reason: 'a part of the path is a file, ENOTDIR',
    remedy: 'choose another path'
  })
  expect(factsOf(() => makePrivateDirectory(file))).toMatchObject({
    code: 'file-unwritable',
    path: file,
    reason: 'something else has this name, EEXIST'
  })
})

test.runIf(existsSync('/proc/self'))('one where nothing can be made is refused at once', () => {
  expect(factsOf(() => makePrivateDirectory('/proc/x/y'))).toMatchObject({
    code: 'file-unwritable',
    path: '/proc/x/y',
    reason: 'nothing can be made there, ENOENT'
  })
})

test('a file in the place of a directory is told as such, whatever its mode', () => {
  const path = join(scratch(), 'f')
  writeNewFile(path, '', 0o600)
  expect(factsOf(() => requirePrivateDirectory(path, 'make it'))).toEqual({
    code: 'file-unreadable',
    path,
    reason: 'it is no directory',
    remedy: 'name a directory'
  })
})

test('a file is written whole, once', () => {
  const path = join(scratch(), 'f')
  writeNewFile(path, 'text', 0o600)
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(factsOf(() => writeNewFile(path, 'other', 0o600))).toEqual({
    code: 'file-exists',
    path,
    remedy: 'nothing was changed: choose another name, or move it away'
  })
})

test('a file whose directory is not there is named as it was asked for', () => {
  const path = join(scratch(), 'none', 'g.json')
  expect(factsOf(() => writeNewFile(path, 'text', 0o644))).toEqual({
    code: 'file-unwritable',
    path,
    reason: 'its directory is not there, ENOENT',
    remedy: 'make the directory, or choose another path'
  })
})

test('what is no error of a file stays what it is', () => {
  expect(factsOf(() => writeNewFile('\0', 'text', 0o644))).toBeInstanceOf(TypeError)
  for (const other of [undefined, null, new Error('x'), { code: 'ECONNRESET' }, { code: 7 }]) {
    expect(fileTroubleOf(other)).toBeUndefined()
  }
  expect(fileTroubleOf({ code: 'ENOSPC' })?.remedy).toBe('make room')
})
