import { type RealScenario, type ScenarioRun, seats } from '../scenario.ts'

/** What was under way before a cut may still be committed by who holds it; then there is silence. */
const stillMs = 500
const settleMsMax = 3_000

/** Commits of each daemon, by place; 0 for one that does not answer. */
async function commitsOf({ cluster }: ScenarioRun): Promise<readonly number[]> {
  const statuses = await Promise.all(cluster.honest.map(node => cluster.status(node)))
  return statuses.map(status => status?.committedIndex ?? 0)
}

/** Waits until those who are to stand still have done so for a moment; gives up when they never do. */
async function settle(run: ScenarioRun, places: readonly number[]): Promise<readonly number[]> {
  let commits = await commitsOf(run)
  for (let spentMs = 0; spentMs < settleMsMax; spentMs += stillMs) {
    await run.sleep(stillMs)
    const next = await commitsOf(run)
    const isStill = places.every(place => next[place] === commits[place])
    commits = next
    if (isStill) break
  }
  return commits
}

/**
 * Cuts the network into groups for the time of the fault, and tells how many commits each daemon made meanwhile. Those in
 * `halted` are given a moment to come to rest.
 */
async function divide(
  run: ScenarioRun,
  groups: readonly (readonly number[])[],
  halted: readonly number[]
): Promise<readonly number[]> {
  run.cluster.links.partition(groups)
  const before = await settle(run, halted)
  await run.sleep(run.faultMs)
  const after = await commitsOf(run)
  run.note(`groups ${groups.map(group => group.map(node => node + 1).join(',')).join(' | ')}`)
  return after.map((index, node) => index - (before[node] ?? 0))
}

/** Faults of the network that part members from each other. */
export const partitionScenarios: readonly RealScenario[] = [
  {
    kind: 'real',
    name: 'partition-majority',
    what: 'A quorum on one side: it commits, the rest does not, and catches up.',
    nodesMin: 4,
    recoveryMsMax: 3_000,
    faultMs: 3_000,
    run: async run => {
      const [alone = 0, ...rest] = seats(run)
      const commits = await divide(run, [rest, [alone]], [alone])
      run.expect(commits[alone] === 0, 'a minority committed')
      run.expect(
        rest.every(node => (commits[node] ?? 0) > 0),
        'the majority did not commit'
      )
    }
  },
  {
    kind: 'real',
    name: 'partition-half',
    what: 'No quorum on any side: nobody commits until it is whole again.',
    nodesMin: 4,
    recoveryMsMax: 3_000,
    faultMs: 3_000,
    run: async run => {
      const places = seats(run)
      const half = places.length / 2
      const commits = await divide(run, [places.slice(0, half), places.slice(half)], places)
      run.expect(
        commits.every(count => count === 0),
        `half of the members committed: ${commits}`
      )
    }
  }
]
