import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import { executed, expectOneChain, get, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'
import { Load } from './load.ts'
import { headersSignedTwice } from './signed-twice.ts'

// Deep enough that the headers of the whole run stay to be compared.
const options = { checkpointIntervalCommits: 160, gcDepthRounds: 1_000 }

/** Everything that a node has written, in place of what was there. */
function copyData(from: string, to: string): void {
  for (const name of ['db', 'batches', 'signed.log']) {
    rmSync(join(to, name), { recursive: true, force: true })
    cpSync(join(from, name), join(to, name), { recursive: true })
  }
}

/** Seat 3 (node 4) takes part again: a vertex of it is as new as those of the others. */
async function expectTakesPart(cluster: TestCluster, others: readonly number[]): Promise<void> {
  const { control } = cluster.node(others[0] as number)
  const { round } = control.status()
  await expect.poll(() => control.consensusStatus().members[3]?.round ?? 0).toBeGreaterThan(round)
}

async function expectNothingSignedTwice(cluster: TestCluster): Promise<void> {
  await cluster.stopAll()
  const directories = cluster.members.map(({ paths }) => paths.directory)
  const { headers, conflicts } = await headersSignedTwice(directories, cluster.genesis)
  expect(headers).toBeGreaterThan(100)
  expect(conflicts).toEqual([])
  for (const member of [1, 2, 3]) {
    expect(cluster.logOf(member).filter(line => line.event === 'evidence')).toEqual([])
  }
}

test(
  'a data directory that is put back hundreds of commits late signs nothing twice and rejoins',
  patience,
  async () => {
    await using cluster = await TestCluster.make({ cluster: options })
    await cluster.startAll()
    const rest = [1, 2, 3].map(member => cluster.node(member).control)
    const load = new Load('k', 6, () => rest)
    await load.grow(40)
    await cluster.stop(4)
    const copy = join(cluster.root, 'copy')
    copyData(cluster.directory(4), copy)
    const copiedAt = rest[0]?.status().executedIndex ?? 0
    const again = await cluster.start(4)
    await executed(again, copiedAt + 800)
    await cluster.stop(4)
    copyData(copy, cluster.directory(4))
    const back = await cluster.start(4)
    await executed(back, rest[0]?.status().executedIndex ?? 0)
    await expectTakesPart(cluster, [1, 2, 3])
    await load.stop()
    const last = rest[0]?.status().executedIndex ?? 0
    await executed(back, last)
    await expectOneChain([...rest, back])
    for (const [key, value] of load.acknowledged) expect(await get(back, key)).toBe(value)
    expect(cluster.logOf(4).map(line => line.event)).toContain('signed-record-stale')
    await expectNothingSignedTwice(cluster)
  }
)

test(
  'a member whose data was wiped, its keys kept, returns without equivocating',
  patience,
  async () => {
    await using cluster = await TestCluster.make({ cluster: options })
    await cluster.startAll()
    const rest = [1, 2, 3].map(member => cluster.node(member).control)
    const load = new Load('k', 6, () => rest)
    await load.grow(150)
    await cluster.stop(4)
    const { database, batches, signedLog } = dataPathsOf(cluster.directory(4))
    for (const path of [database, batches, signedLog]) rmSync(path, { recursive: true })
    const back = await cluster.start(4)
    await executed(back, rest[0]?.status().executedIndex ?? 0)
    await expectTakesPart(cluster, [1, 2, 3])
    await load.stop()
    await put(back, 'through the wiped one', 'yes')
    const last = back.status().executedIndex
    await Promise.all(rest.map(node => executed(node, last)))
    await expectOneChain([...rest, back])
    for (const [key, value] of load.acknowledged) expect(await get(back, key)).toBe(value)
    expect(cluster.logOf(4).map(line => line.event)).toContain('signed-record-stale')
    await expectNothingSignedTwice(cluster)
  }
)
