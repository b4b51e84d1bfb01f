import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const source = fileURLToPath(new URL('../src/releasing-map.ts', import.meta.url))

/**
 * One collection of the whole heap, as each long-lived process has in time; then buffers come and go, and only young collections
 * run. Prints how many MiB of buffers are left that nobody holds.
 */
const churn = `
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ReleasingMap } from ${JSON.stringify(source)}
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const turn = map => {
  for (let n = 0; n < 2_000; n++) {
    for (const key of [2 * n, 2 * n + 1]) map.set(key, new Uint8Array(16_384))
    drop(map, n)
    if (n % 100 === 0) collect({ type: 'minor' })
  }
}
const map = new Kind()
turn(map)
collect()
turn(map)
map.clear()
collect({ type: 'minor' })
collect({ type: 'minor' })
console.log(process.memoryUsage().arrayBuffers / 2 ** 20)
`

const drops = {
  'one by one':
    '(map, n) => [2 * n - 200, 2 * n - 199].forEach(key => (map.take ?? map.delete).call(map, key))',
  'all at once': 'map => map.clear()'
}

async function leftMiB(kind: 'Map' | 'ReleasingMap', drop: string): Promise<number> {
  // No collection but those that are asked for.
  const flags = ['--external-memory-accounted-in-global-limit', '--initial-old-space-size=512']
  const code = `const drop = ${drop}; const Kind = ${kind};${churn}`
  const args = [...flags, '--input-type=module', '--eval', code]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return Number(stdout)
}

test.each(Object.entries(drops))('what is dropped %s is let go of', async (_, drop) => {
  const [plain, own] = [await leftMiB('Map', drop), await leftMiB('ReleasingMap', drop)]
  // Should V8 mend its own, this class has had its day.
  expect(plain).toBeGreaterThan(20)
  expect(own).toBeLessThan(4)
})
