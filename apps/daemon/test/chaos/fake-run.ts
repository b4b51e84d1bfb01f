import type { Cluster } from '../../src/chaos/cluster.ts'
import type { RealScenario, ScenarioRun } from '../../src/chaos/scenario.ts'

/** Daemons that report what a test makes up, under a clock that only waiting moves. */
export interface FakeReports {
  readonly nodes: number
  /** Commits of a daemon by then, in milliseconds from the start of the scenario. */
  readonly commits: (node: number, atMs: number) => number
}

/** What a scenario finds wrong with such daemons. */
export async function faultsOf(
  scenario: RealScenario,
  { nodes, commits }: FakeReports
): Promise<readonly string[]> {
  const faults: string[] = []
  let nowMs = 0
  const nothing = () => undefined
  const links = { size: nodes, partition: nothing, healAll: nothing, shape: nothing }
  const cluster = {
    honest: Array.from({ length: nodes }, (_, node) => node),
    nameOf: (node: number) => `node-${node + 1}`,
    status: async (node: number) => ({ committedIndex: commits(node, nowMs) }),
    ready: async () => undefined,
    links
  }
  const run = {
    cluster: cluster as unknown as Cluster,
    record: { nowMs: () => nowMs },
    random: () => 0.5,
    faultMs: scenario.faultMs,
    note: nothing,
    sleep: async (ms: number) => {
      nowMs += ms
    },
    expect: (isAsExpected: boolean, otherwise: string) => {
      if (!isAsExpected) faults.push(otherwise)
    }
  }
  await scenario.run(run as unknown as ScenarioRun)
  return faults
}
