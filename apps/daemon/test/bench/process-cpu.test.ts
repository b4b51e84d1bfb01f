import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { processCpuSeconds } from '../../src/bench/process-cpu.ts'

const hasProc = existsSync('/proc/self/stat')

test.skipIf(!hasProc)(
  'what the kernel says of this process is what the process says of itself',
  () => {
    const before = processCpuSeconds(process.pid) as number
    const own = process.cpuUsage()
    const until = own.user + own.system + 300_000
    let now = own
    while (now.user + now.system < until) now = process.cpuUsage()
    const after = processCpuSeconds(process.pid) as number
    expect(after - before).toBeGreaterThan(0.25)
    expect(after).toBeCloseTo((now.user + now.system) / 1e6, 0)
  }
)

test('of a process that is gone nothing is told', () => {
  expect(processCpuSeconds(2 ** 30)).toBeUndefined()
})
