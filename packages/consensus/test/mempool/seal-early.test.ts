import type { Epoch } from '@novacron/base'
import { beforeEach, expect, test } from 'vitest'
import { defaultMempoolOptions, Mempool } from '../../src/index.ts'
import { at, four, hash, only, replica } from '../fixtures.ts'

const { earlySealBytesMin, sealDelayMs } = defaultMempoolOptions
let mempool: Mempool

beforeEach(() => {
  mempool = new Mempool(
    {},
    {
      committee: four,
      epoch: 0 as Epoch,
      self: replica(0),
      hash,
      batches: { has: () => false, sizeOf: () => undefined, read: () => undefined },
      claims: () => () => false
    }
  )
})

/** Classes of the batches that leave when so much is submitted. */
const submit = (bytes: number, ms: number) =>
  only(
    mempool.step({ type: 'submitted', region: new Uint8Array(bytes), count: 1 }, at(ms)),
    'broadcast'
  ).map(effect => effect.class)
const take = (ms: number) =>
  only(
    mempool.step({ type: 'take', batchesMax: 32, bytesMax: 8_000_000 }, at(ms)),
    'payload-offered'
  )

test('what is large is on its way before a header names it', () => {
  expect(submit(earlySealBytesMin, 1_000)).toEqual([])
  expect(submit(100, 1_000 + sealDelayMs - 1)).toEqual([])
  expect(submit(100, 1_000 + sealDelayMs)).toEqual(['bulk'])
  // The next one begins to wait with its own first transaction.
  expect(submit(earlySealBytesMin, 1_000 + sealDelayMs + 10)).toEqual([])
  expect(submit(100, 1_000 + 2 * sealDelayMs)).toEqual([])
  expect(submit(100, 1_000 + 2 * sealDelayMs + 10)).toEqual(['bulk'])
  expect(take(2_000)[0]?.batches).toHaveLength(2)
})

test('what is small waits for the next header, however long that takes', () => {
  expect(submit(100, 1_000)).toEqual([])
  expect(submit(100, 9_000)).toEqual([])
  expect(take(9_000)[0]?.batches).toHaveLength(1)
})

test('while no header comes batches grow, so that the next one has room for all', () => {
  for (let ms = 0; ms < 4_000; ms += 2) submit(2_000, 1_000 + ms)
  const [offer] = take(5_000)
  const bytes = (offer?.batches ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  expect(bytes).toBeGreaterThanOrEqual(2_000 * 2_000)
})
