import { expect, test } from 'vitest'
import { Cluster, protocol, settingsOf } from './cluster.ts'
import { putOf } from './fixtures.ts'
import { Host } from './host.ts'

/** Together more than a session lets run ahead of what is missing. */
const transactionsPerBatch = 600
const batchCount = 8

test('the batches of one header are run in the order in which a client filled them', () => {
  const cluster = new Cluster({}, [])
  const settings = { ...settingsOf({}), mempool: { batchBytesMax: 60_000 } }
  for (const seat of [0, 1, 2, 3]) cluster.start(new Host(seat, protocol, settings))
  cluster.open()
  for (let batch = 0; batch < batchCount; batch++) {
    const envelopes = Array.from({ length: transactionsPerBatch }, (_, i) =>
      putOf(cluster.session, 1 + batch * transactionsPerBatch + i, `key-${i}`, 'x'.repeat(20))
    )
    cluster.submit(0, new Uint8Array(Buffer.concat(envelopes)))
  }
  const count = batchCount * transactionsPerBatch
  const host = cluster.at(0)
  const applied = () => host.executed.reduce((sum, { outcome }) => sum + outcome.applied, 0)
  expect(cluster.run(20_000, () => applied() > count)).toBe(true)
  expect(host.executed.reduce((sum, { outcome }) => sum + outcome.rejected, 0)).toBe(0)
  const named = host.executed.map(({ subDag }) =>
    subDag.vertices.map(({ payload }) => payload.length)
  )
  expect(Math.max(...named.flat())).toBeGreaterThan(2)
})
