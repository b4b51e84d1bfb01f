import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ChaosSummary, runChaos } from '../../src/chaos/chaos.ts'
import { Cluster } from '../../src/chaos/cluster.ts'
import type { Scenario } from '../../src/chaos/scenario.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'
import { testDirectory } from '../test-directory.ts'
import { lineFaults } from './line-faults.ts'

/** Runs `act` with a temporary directory of its own. */
function inTemporary<T>(act: () => T): { readonly temporary: string; readonly result: T } {
  const temporary = testDirectory()
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  try {
    return { temporary, result: act() }
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
}

function processesOf(directory: string): string[] {
  return readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(directory)
    } catch {
      return false
    }
  })
}

describe('novacron chaos', () => {
  test('kills a daemon, sees everything come back, and leaves nothing behind', async () => {
    const io = captureIo({ env: process.env })
    const argv = ['chaos', '--scenario', 'kill-9', '--rate', '200', '--duration', '500ms', '--json']
    const { temporary, result } = inTemporary(() => run(argv, io))
    const status = await result
    const summary = JSON.parse(io.stdout.text) as ChaosSummary
    expect(summary).toMatchObject({ nodes: 4, seed: 1, passed: 1 - status, failed: status })
    const [line] = summary.scenarios
    expect(line).toMatchObject({ name: 'kill-9', lost: 0, duplicated: 0, counts: { kills: 1 } })
    expect(summary.scenarios.flatMap(lineFaults)).toEqual([])
    expect(line?.acknowledged).toBeGreaterThan(200)
    expect(line).toHaveProperty('recoveryMs')
    expect(io.stderr.text).toMatch(/^novacron: kill-9 (passed|failed) in /m)
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })

  test('fails a scenario for what was acknowledged and is not there, and for what it expects itself', async () => {
    const liar: Scenario = {
      kind: 'real',
      name: 'liar',
      what: 'An acknowledgement that no daemon gave is put into the record.',
      nodesMin: 4,
      recoveryMsMax: 0,
      faultMs: 1,
      run: async run => {
        const wrong = { type: 'acknowledged', lane: 0, first: 9_999, last: 9_999, atMs: 1 } as const
        run.record.take(wrong)
        run.expect(false, 'the sky did not fall')
        // Halves without a quorum, for long after the healing that is told, so that there is something to recover from.
        run.healed()
        const halves = [
          [0, 1],
          [2, 3]
        ]
        run.cluster.links.partition(halves)
        await run.sleep(5_000)
      }
    }
    const broken: Scenario = {
      ...liar,
      name: 'broken',
      run: () => Promise.reject(new Error('a mistake of the scenario'))
    }
    const io = captureIo({ env: process.env })
    const chaos = { nodes: 4, seed: 1, ratePerSecond: 200, scenarios: [liar, broken] }
    const { temporary, result } = inTemporary(() => runChaos(chaos, io, () => undefined))
    const { failed, scenarios } = await result
    expect(failed).toBe(2)
    const [found, thrown] = scenarios
    expect(found).toMatchObject({ lost: 1, duplicated: 0 })
    const notes = found?.notes.join('\n')
    expect(notes).toMatch(/transaction [0-9a-f]{8}\/9999 was acknowledged and is on no node/)
    expect(notes).toContain('the sky did not fall')
    expect(notes).toMatch(
      /recovery took \d+ ms, at most 0 are allowed|commits did not become as before/
    )
    expect(notes).toMatch(/p50 at each every 500 ms after healing: /)
    expect(thrown?.notes).toEqual(['a mistake of the scenario'])
    expect(readdirSync(temporary)).toEqual([])
  })

  test('ends all daemons when it is interrupted', async () => {
    const end = new AbortController()
    const io = captureIo({ env: process.env, signal: end.signal })
    const argv = ['chaos', '--scenario', 'kill-9']
    const { temporary, result } = inTemporary(() => run([...argv, '--json'], io))
    await expect.poll(() => processesOf(temporary)).toHaveLength(4)
    end.abort()
    expect(await result).toBe(1)
    expect(io.stderr.text).toContain('novacron: interrupted')
    const summary = JSON.parse(io.stdout.text)
    expect(summary).toMatchObject({ passed: 0, failed: 0, interrupted: true, scenarios: [] })
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })
})

test('daemons of a cluster reach each other through the links and in no other way', async () => {
  const io = captureIo({ env: process.env })
  await using cluster = await Cluster.start({ nodes: 2 }, io, () => 0.5)
  const bytes = () => cluster.links.traffic().reduce((sum, link) => sum + link.bytes, 0)
  expect(bytes()).toBeGreaterThan(1_000)
  const peers = async () => {
    const statuses = await Promise.all(cluster.honest.map(node => cluster.status(node)))
    return statuses.map(status => status?.peersConnected)
  }
  await expect.poll(peers).toEqual([1, 1])
  const planes = async () => {
    const told = await Promise.all(
      [0, 1].map(node => cluster.daemon(node).client().call('node.peers', {}))
    )
    return told.flatMap(each => each.peers.map(({ plane }) => plane))
  }
  await expect.poll(planes).toEqual(['direct', 'direct'])
  // libp2p's connection and three sockets beside it, all of them through a link.
  const through = () => cluster.links.link(0, 1).connections + cluster.links.link(1, 0).connections
  expect(through()).toBeGreaterThanOrEqual(4)
  cluster.links.partition([[0], [1]])
  await expect.poll(through).toBe(0)
  const before = bytes()
  await expect.poll(peers).toEqual([0, 0])
  const refused = () =>
    cluster.links.link(0, 1).counts.refused + cluster.links.link(1, 0).counts.refused
  await expect.poll(refused).toBeGreaterThan(2)
  await expect.poll(peers).toEqual([0, 0])
  expect(bytes()).toBe(before)
  cluster.heal()
  await expect.poll(peers).toEqual([1, 1])
  await expect.poll(planes).toEqual(['direct', 'direct'])
  expect(cluster.evidence()).toEqual([])
  expect(() => cluster.nameOf(2)).toThrow('there is no node 3')
})
