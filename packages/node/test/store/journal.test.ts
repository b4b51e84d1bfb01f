import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Write } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { Journal } from '../../src/store/journal.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import type { Mark } from '../../src/store/write-codec.ts'
import { failingFiles } from './failing-files.ts'
import { key, put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const options = { journalBytes: 4096, journalAheadBytes: 0 }
const vote = (at: number, value: string): Write => put('signed', at, value)

function open(path: string, files = nodeFileSystem, database?: Mark): Journal {
  return Journal.open(path, files, options, database)
}

/** Appends signatures alone, and compacts as the store does. */
async function sign(journal: Journal, ...signed: Write[]): Promise<void> {
  await journal.append({ signed, operations: [] })
  await journal.compact()
}

function texts(log: Journal): string[] {
  return log.range().map(([k, v]) => `${k[0]}=${Buffer.from(v).toString()}`)
}

function logPath(): string {
  return join(temporaryDirectory(), 'signed.log')
}

test('an absent log is missing until something is in it: an empty one would be believed', async () => {
  const path = logPath()
  const first = open(path)
  expect(first.presence).toBe('missing')
  first.close()
  const second = open(path)
  expect(second.presence).toBe('missing')
  await sign(second, vote(1, 'first'))
  await sign(second, vote(2, 'second'))
  second.close()
  const third = open(path)
  expect([third.presence, texts(third)]).toEqual(['present', ['1=first', '2=second']])
  third.close()
})

test('a created log is present, and is not created twice', () => {
  const path = logPath()
  createSignedLog(path, nodeFileSystem)
  expect(open(path).presence).toBe('present')
  expect(() => createSignedLog(path, nodeFileSystem)).toThrow('it exists already')
})

test('the latest value of a key wins over a reopen', async () => {
  const path = logPath()
  const log = open(path)
  await sign(log, vote(1, 'a'), vote(2, 'b'), vote(1, 'c'))
  await sign(log, { type: 'delete', table: 'signed', key: key(2) }, vote(3, 'd'))
  await sign(log, { type: 'delete-range', table: 'signed', from: key(3), to: key(9) })
  await sign(log)
  expect(texts(log)).toEqual(['1=c'])
  log.close()
  const again = open(path)
  expect(texts(again)).toEqual(['1=c'])
  expect(Buffer.from(again.get(key(1)) as Uint8Array).toString()).toBe('c')
})

test('a torn tail is cut at every length and whole units survive or go', async () => {
  const path = logPath()
  const log = open(path)
  await sign(log, vote(1, 'kept'))
  const end = log.bytes
  await sign(log, vote(1, 'torn'), vote(2, 'torn'))
  log.close()
  const bytes = readFileSync(path)
  for (let length = end; length < bytes.length; length++) {
    const cut = logPath()
    writeFileSync(cut, bytes.subarray(0, length))
    const again = open(cut)
    expect([again.presence, texts(again), again.bytes], `cut at ${length}`).toEqual([
      'present',
      ['1=kept'],
      end
    ])
    await sign(again, vote(3, 'new'))
    again.close()
    expect(texts(open(cut))).toEqual(['1=kept', '3=new'])
  }
})

describe('damage', () => {
  test('before the tail is told, and the rest is kept', async () => {
    const path = logPath()
    const log = open(path)
    await sign(log, vote(1, 'a'))
    const second = log.bytes
    await sign(log, vote(2, 'b'))
    await sign(log, vote(3, 'c'))
    log.close()
    const bytes = readFileSync(path)
    bytes[second + 30] = (bytes[second + 30] as number) ^ 1
    writeFileSync(path, bytes)
    const again = open(path)
    expect([again.presence, again.damagedCount, texts(again)]).toEqual([
      'damaged',
      1,
      ['1=a', '3=c']
    ])
  })

  test.each([0, 7, 15])('a file of %i bytes is damaged, set aside, and begun anew', length => {
    const path = logPath()
    writeFileSync(path, 'NCSIGN1\n12345678'.slice(0, length))
    const log = open(path)
    expect(log.presence).toBe('damaged')
    expect(statSync(`${path}.damaged`).size).toBe(length)
    log.close()
    expect(open(path).presence).toBe('missing')
  })

  test('any flipped bit leaves no wrong value', async () => {
    const path = logPath()
    const log = open(path)
    await sign(log, vote(1, 'first'))
    await sign(log, vote(2, 'second'))
    log.close()
    const bytes = readFileSync(path)
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      const copy = logPath()
      writeFileSync(copy, flipped)
      const again = open(copy)
      for (const text of texts(again)) expect(['1=first', '2=second'], `bit ${bit}`).toContain(text)
      again.close()
    }
  })
})

test('the file is rewritten when it is long, and holds the latest values alone', async () => {
  const path = logPath()
  const log = open(path)
  for (let i = 0; i < 300; i++) await sign(log, vote(i % 4, `value-${i}`))
  expect(log.bytes).toBeLessThan(options.journalBytes + 100)
  log.close()
  expect(texts(open(path))).toEqual(['0=value-296', '1=value-297', '2=value-298', '3=value-299'])
})

test('the file may grow to twice what it must hold', async () => {
  const path = logPath()
  const log = open(path)
  const large = 'x'.repeat(3000)
  await sign(log, vote(1, large), vote(2, large))
  await sign(log, vote(3, 'y'))
  expect(log.bytes).toBeGreaterThan(options.journalBytes)
  for (let i = 0; i < 4; i++) await sign(log, vote(1, large), vote(2, large))
  expect(log.bytes).toBeLessThan(3 * 6100)
})

describe('a failing disk', () => {
  test.each(['writev', 'sync'] as const)(
    'a failed %s loses nothing when it is repeated',
    async operation => {
      const path = logPath()
      const files = failingFiles()
      const log = open(path, files)
      await sign(log, vote(1, 'before'))
      files.fail(operation, 'ENOSPC')
      const unit = [vote(2, 'repeated')]
      await expect(sign(log, ...unit)).rejects.toThrow('ENOSPC')
      expect(texts(log)).toEqual(['1=before'])
      files.mend()
      await sign(log, ...unit)
      await sign(log, vote(3, 'after'))
      log.close()
      const again = open(path)
      expect([again.presence, texts(again)]).toEqual([
        'present',
        ['1=before', '2=repeated', '3=after']
      ])
    }
  )

  test.each(['writev', 'sync', 'rename', 'open', 'unlink', 'syncDirectory'] as const)(
    'a rewrite that fails at %s leaves the old file whole',
    async operation => {
      const path = logPath()
      const files = failingFiles()
      const log = open(path, files)
      await sign(log, vote(1, 'before'))
      files.fail('sync', 'EIO')
      await expect(sign(log, vote(2, 'x'))).rejects.toThrow('EIO')
      files.mend()
      files.fail(operation, 'ENOSPC')
      await expect(sign(log, vote(2, 'y'))).rejects.toThrow('ENOSPC')
      expect(texts(open(path))).toContain('1=before')
      files.mend()
      await sign(log, vote(2, 'z'))
      expect(texts(open(path))).toEqual(['1=before', '2=z'])
    }
  )

  test('an unreadable log is an error, not a missing one', () => {
    const path = logPath()
    createSignedLog(path, nodeFileSystem)
    const files = failingFiles()
    files.fail('open', 'EACCES')
    expect(() => open(path, files)).toThrow('EACCES')
  })
})
