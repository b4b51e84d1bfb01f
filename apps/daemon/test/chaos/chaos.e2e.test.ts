import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ChaosSummary } from '../../src/chaos/chaos.ts'
import { Cluster } from '../../src/chaos/cluster.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'
import { testDirectory } from '../test-directory.ts'

const soon = { timeout: 20_000, interval: 50 }

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
    expect(await result, io.stderr.text).toBe(0)
    const summary = JSON.parse(io.stdout.text) as ChaosSummary
    expect(summary).toMatchObject({ nodes: 4, seed: 1, passed: 1, failed: 0, skipped: 0 })
    const [line] = summary.scenarios
    expect(line).toMatchObject({ name: 'kill-9', verdict: 'passed', lost: 0, duplicated: 0 })
    expect(line?.acknowledged).toBeGreaterThan(200)
    expect(line?.recoveryMs).toBeGreaterThanOrEqual(0)
    expect(io.stderr.text).toMatch(/^novacron: kill-9 passed in /m)
    expect(readdirSync(temporary)).toEqual([])
    expect(processesOf(temporary)).toEqual([])
  })

  test('ends all daemons when it is interrupted', async () => {
    const end = new AbortController()
    const io = captureIo({ env: process.env, signal: end.signal })
    const { temporary, result } = inTemporary(() => run(['chaos', '--scenario', 'kill-9'], io))
    await expect.poll(() => processesOf(temporary), soon).toHaveLength(4)
    end.abort()
    expect(await result).toBe(1)
    expect(io.stderr.text).toContain('novacron: interrupted')
    expect(io.stdout.text).toBe('')
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
  expect(await peers()).toEqual([1, 1])
  cluster.links.partition([[0], [1]])
  await expect.poll(peers, soon).toEqual([0, 0])
  const refused = () =>
    cluster.links.link(0, 1).counts.refused + cluster.links.link(1, 0).counts.refused
  await expect.poll(refused, soon).toBeGreaterThan(2)
  expect(await peers()).toEqual([0, 0])
  cluster.heal()
  await expect.poll(peers, soon).toEqual([1, 1])
  expect(cluster.evidence()).toEqual([])
  expect(() => cluster.nameOf(2)).toThrow('there is no node 3')
})
