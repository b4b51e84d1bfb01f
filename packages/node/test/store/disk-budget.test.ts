import { expect, test } from 'vitest'
import { DiskBudget } from '../../src/store/disk-budget.ts'
import { defaultStoreOptions } from '../../src/store/options.ts'
import { failingFiles } from './failing-files.ts'

const options = { ...defaultStoreOptions, directory: '/', diskBytesMax: 1000, diskFreeBytesMin: 0 }

test('the quota counts the database as measured, what was written since, and the other files', () => {
  const budget = new DiskBudget(options, failingFiles())
  budget.setDatabaseBytes(300)
  budget.noteDatabaseWrite(200)
  expect(budget.databaseBytes).toBe(500)
  budget.admit(100, 400)
  expect(() => budget.admit(101, 400)).toThrow('900 bytes used, 101 wanted')
  budget.admit(0, 5000)
  budget.setDatabaseBytes(100)
  expect(budget.databaseBytes).toBe(100)
  budget.admit(500, 400)
})

test('it is time to measure after 8 MiB or a thousand writes', () => {
  const budget = new DiskBudget(options, failingFiles())
  expect(budget.noteDatabaseWrite(8 * 1024 * 1024 - 1)).toBe(false)
  expect(budget.noteDatabaseWrite(1)).toBe(true)
  budget.setDatabaseBytes(0)
  for (let i = 1; i < 1000; i++) expect(budget.noteDatabaseWrite(0)).toBe(false)
  expect(budget.noteDatabaseWrite(0)).toBe(true)
})

test('the file system is not asked each time while much is free, and each time when little is', () => {
  const files = failingFiles()
  const budget = new DiskBudget({ ...options, diskBytesMax: 2 ** 40 }, files)
  const looks = (): number => files.calls.filter(call => call === 'freeBytes').length
  files.setFreeBytes(2 ** 30)
  budget.admit(1, 0)
  const before = looks()
  for (let i = 0; i < 10; i++) budget.admit(1, 0)
  // A look or two where the test was held up for long.
  expect(looks() - before).toBeLessThan(5)
  // What was admitted since counts as gone.
  budget.admit(2 ** 30 - 2 ** 20, 0)
  const then = looks()
  files.setFreeBytes(1000)
  budget.admit(1000, 0)
  expect(looks()).toBe(then + 1)
  expect(() => budget.admit(1001, 0)).toThrow('1000 bytes free, 1001 wanted')
})
