import { randomBytes } from 'node:crypto'
import { Fault, faultyWeight } from '@novacron/base'
import { checkMemory, meterMemory } from '../memory.ts'
import type { ScenarioRun } from '../scenario.ts'
import { commitsUnderWayMax } from '../under-way.ts'

/** What scenarios are put together from. */

const pollMs = 50
const answerMs = 10_000

/** All places of honest daemons in an order drawn from the seed. */
export function seats({ cluster, random }: ScenarioRun): readonly number[] {
  const drawn = cluster.honest.map(node => ({ node, at: random() }))
  return drawn.sort((a, b) => a.at - b.at).map(({ node }) => node)
}

/** One honest daemon, drawn from the seed. */
export function victimOf(run: ScenarioRun): number {
  return seats(run)[0] ?? 0
}

/** Members that may fail at one time. */
export function faultyMax({ cluster }: ScenarioRun): number {
  return faultyWeight(cluster.links.size)
}

/** Commits of each daemon, by place; 0 for one that is down, or has not answered after being asked again and again. */
export async function commitsOf(run: ScenarioRun): Promise<readonly number[]> {
  const { cluster } = run
  const commits = cluster.honest.map(() => 0)
  await Promise.all(
    cluster.honest.map(node =>
      until(run, answerMs, async () => {
        const status = await cluster.status(node)
        if (status === undefined) return !cluster.daemon(node).isRunning
        commits[node] = status.committedIndex
        return true
      })
    )
  )
  return commits
}

/** Members that agree on anything are at least as many. */
export function quorumOf(run: ScenarioRun): number {
  return run.cluster.links.size - faultyMax(run)
}

/** Waits until `isSo`; false when the time was over first. */
export async function until(
  run: ScenarioRun,
  ms: number,
  isSo: () => boolean | Promise<boolean>
): Promise<boolean> {
  const deadline = run.record.nowMs() + ms
  while (!(await isSo())) {
    if (run.record.nowMs() > deadline) return false
    await run.sleep(pollMs)
  }
  return true
}

const commitsPerSecondMin = 2
/** In less time it cannot be told whether somebody goes on or only ends what was under way. */
const tellingMs = 1_000

/** Those who are not hit must go on committing meanwhile. */
export async function othersGoOn(
  run: ScenarioRun,
  hit: readonly number[],
  during: () => Promise<void>
): Promise<void> {
  const { cluster, record } = run
  const before = await commitsOf(run)
  const from = record.nowMs()
  await during()
  const ms = record.nowMs() - from
  const after = await commitsOf(run)
  for (const node of cluster.honest) {
    if (hit.includes(node)) continue
    expectGoing(run, node, (after[node] ?? 0) - (before[node] ?? 0), ms)
  }
}

/** More than what was under way, at some pace; nothing is asked for within less than `tellingMs`. */
export function expectGoing(run: ScenarioRun, node: number, commits: number, ms: number): void {
  if (ms < tellingMs) return
  const { cluster } = run
  const atLeast = commitsUnderWayMax(cluster.honest.length) + commitsPerSecondMin * (ms / 1_000)
  const words = `${commits} commits in ${(ms / 1_000).toFixed(1)} s`
  run.expect(commits >= atLeast, `${cluster.nameOf(node)} did not go on meanwhile: ${words}`)
}

/** Submits that many random bytes through a daemon, under the session of its own; true when it was taken. */
export async function submitLarge(run: ScenarioRun, node: number, bytes: number): Promise<boolean> {
  // Busy, or down: that is for the scenario to expect or not.
  return (await outcomeOfLarge(run, node, bytes)) === 'taken'
}

/** The same; tells the code of the refusal when it was not. */
export async function outcomeOfLarge(
  { cluster }: ScenarioRun,
  node: number,
  bytes: number
): Promise<string> {
  const payload = randomBytes(bytes).toString('base64')
  const params = { application: 'log', payload, wait: 'none' } as const
  try {
    await cluster.daemon(node).client().call('tx.submit', params)
    return 'taken'
  } catch (error) {
    return error instanceof Fault ? error.code : String(error)
  }
}

const mib = 1024 * 1024

/** The memory of a daemon may not have grown by more than this at any time while something is done to it. */
export async function memoryStays(
  run: ScenarioRun,
  node: number,
  growthBytesMax: number,
  during: () => Promise<void>
): Promise<void> {
  const { cluster } = run
  const meter = meterMemory(cluster.daemon(node).pid)
  await during()
  const name = cluster.nameOf(node)
  const course = meter.end(cluster.daemon(node).pid)
  if (course.type === 'measured') {
    run.note(`resident memory of ${name} rose by ${Math.round(course.growthBytes / mib)} MiB`)
  }
  for (const fault of checkMemory(name, course, growthBytesMax)) run.expect(false, fault)
}
