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
