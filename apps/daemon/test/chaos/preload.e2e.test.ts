import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clockSkewFlags, slowSyncFlags } from '../../src/chaos/preload.ts'
import { testDirectory } from '../test-directory.ts'

/** What a module prints as JSON when it is run under these flags. */
function outputOf(flags: readonly string[], source: string): unknown {
  const args = [...flags, '--input-type=module', '-e', source]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

test.each([
  { said: '3600000', skewMs: 3_600_000 },
  { said: '-3600000', skewMs: -3_600_000 },
  { said: 'nonsense', skewMs: 0 }
])('every clock of a process is wrong by $said', ({ said, skewMs }) => {
  const file = join(testDirectory(), 'skew')
  writeFileSync(file, said)
  const source = `
    import { performance } from 'node:perf_hooks'
    const origin = performance.timeOrigin + performance.now()
    console.log(JSON.stringify([Date.now(), new Date().getTime(), origin, new Date(5).getTime()]))`
  const [now, date, monotonic, fixed] = outputOf(clockSkewFlags(file), source) as number[]
  const real = Date.now() + skewMs
  for (const clock of [now, date, monotonic])
    expect(Math.abs((clock ?? 0) - real)).toBeLessThan(60_000)
  expect(fixed).toBe(5)
})

test('flushes take as much longer as the file says, whoever imported them and how', () => {
  const directory = testDirectory()
  const file = join(directory, 'late')
  const source = `
    import { closeSync, constants, fdatasync, fsyncSync, openSync, write, writeFileSync } from 'node:fs'
    import { promisify } from 'node:util'
    const path = ${JSON.stringify(join(directory, 'data'))}
    const fd = openSync(path, 'w')
    const through = openSync(path, constants.O_RDWR | constants.O_DSYNC)
    const spent = async act => {
      const startedAt = performance.now()
      await act()
      return performance.now() - startedAt
    }
    const later = () => new Promise((done, fail) => fdatasync(fd, error => error ? fail(error) : done()))
    const writeAsync = promisify(write)
    const put = async fd => {
      const { bytesWritten } = await writeAsync(fd, Buffer.from('abc'), 0, 3, 0)
      if (bytesWritten !== 3) throw new Error('not written')
    }
    const each = async () => [
      await spent(later),
      await spent(() => fsyncSync(fd)),
      await spent(() => put(through)),
      await spent(() => put(fd))
    ]
    // The quickest of three: a disk that is busy may take as long now and then.
    const quickest = async () => {
      const times = [await each(), await each(), await each()]
      return times[0].map((_, i) => Math.min(...times.map(one => one[i])))
    }
    const before = await quickest()
    writeFileSync(${JSON.stringify(file)}, '400')
    const after = await each()
    closeSync(through)
    const failure = await put(through).catch(error => error.code)
    console.log(JSON.stringify({ before, after, failure }))`
  const told = outputOf(slowSyncFlags(file), source)
  const { before, after, failure } = told as Record<'before' | 'after', number[]> & {
    failure: string
  }
  for (const late of after.slice(0, 3)) expect(late).toBeGreaterThanOrEqual(398)
  // What stays in memory until a flush is as fast as ever.
  for (const quick of [...before, after[3]]) expect(quick).toBeLessThan(398)
  expect(failure).toBe('EBADF')
})
