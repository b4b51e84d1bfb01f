import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { daemonEnvironment, daemonFlags } from '../src/daemon-flags.ts'

const collector = fileURLToPath(new URL('../src/collector.ts', import.meta.url))

/** Reads as a daemon does: 64 KiB buffers, most of which are soon dropped. Prints how often the whole heap was collected. */
const churn = `
import { PerformanceObserver, constants } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
let whole = 0
const observer = new PerformanceObserver(list => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++
})
observer.observe({ entryTypes: ['gc'] })
const kept = new Array(300)
for (let n = 0; n < 12_000; n++) {
  kept[n % kept.length] = [Buffer.allocUnsafeSlow(65_536), Array.from({ length: 20 }, () => [n])]
  if (n % 200 === 0) await setImmediate()
}
await setImmediate()
console.log(whole)
`

async function wholeCollections(flags: readonly string[], prelude: string): Promise<number> {
  const args = [...flags, '--input-type=module', '--eval', prelude + churn]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return Number(stdout)
}

test('with what a daemon sets, buffers that come and go do not make V8 collect the whole heap', async () => {
  const tune = `import { tuneCollector } from ${JSON.stringify(collector)}; tuneCollector();`
  const [plain, tuned] = [
    await wholeCollections(daemonFlags, ''),
    await wholeCollections(daemonFlags, tune)
  ]
  expect(plain).toBeGreaterThanOrEqual(4)
  expect(tuned).toBeLessThanOrEqual(1)
})

/** Keeps some buffers of the size of batches, and drops the oldest as new ones come. Prints the pages that the kernel gave. */
const batches = `
import { setImmediate } from 'node:timers/promises'
const kept = new Array(40)
for (let n = 0, size = 1; n < 4_000; n++) {
  size = (size * 48_271) % 2_147_483_647
  kept[n % kept.length] = Buffer.allocUnsafeSlow(100_000 + (size % 400_000)).fill(1)
  if (n % 20 === 0) await setImmediate()
}
console.log(process.resourceUsage().minorPageFault)
`

/** Where malloc begins, and where its limits may stay. */
const atWorst = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' }

const { glibcVersionRuntime } = (process.report.getReport() as { header: Record<string, unknown> })
  .header

test.skipIf(glibcVersionRuntime === undefined)(
  'with what a daemon sets, buffers that come and go do not give their pages back',
  async () => {
    const pages = async (environment: Readonly<Record<string, string>>): Promise<number> => {
      const args = [...daemonFlags, '--input-type=module', '--eval', batches]
      const env = { ...process.env, ...environment }
      return Number((await promisify(execFile)(process.execPath, args, { env })).stdout)
    }
    expect(await pages(daemonEnvironment)).toBeLessThan(0.8 * (await pages(atWorst)))
  }
)

test('the young generation has its full size from the start', async () => {
  const code = `
    const { getHeapSpaceStatistics } = require('node:v8')
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)`
  const youngBytes = async (flags: readonly string[]): Promise<number> =>
    Number((await promisify(execFile)(process.execPath, [...flags, '--eval', code])).stdout)
  expect(await youngBytes(daemonFlags)).toBeGreaterThanOrEqual(32 * 2 ** 20)
  // Should V8 begin so by itself, the flag has had its day.
  expect(await youngBytes([])).toBeLessThan(32 * 2 ** 20)
})
