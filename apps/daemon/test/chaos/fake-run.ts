import type { Cluster } from '../../src/chaos/cluster.ts'
import type { RealScenario, ScenarioRun } from '../../src/chaos/scenario.ts'

/** Daemons that report what a test makes up, under a clock that only waiting and starting moves. */
export interface FakeReports {
  readonly nodes: number
  /** Commits of a daemon by then, in milliseconds from the start of the scenario. */
  readonly commits: (node: number, atMs: number) => number
  /** Draws of the scenario; all alike without it. */
  readonly random?: () => number
  /** From a start of a daemon to the moment from which it answers; for good, when it never does. */
  readonly startMs?: number
  readonly peers?: number
  /** That of the scenario, unless given. */
  readonly faultMs?: number
}

/** What a scenario did to such daemons, and found wrong with them. */
export interface FakeOutcome {
  readonly faults: readonly string[]
  /** Every daemon that was killed, in turn, with how many were away then. */
  readonly kills: readonly { readonly node: number; readonly awayBefore: number }[]
  readonly counts: Readonly<Record<string, number>>
  readonly notes: readonly string[]
  /** How long it took. */
  readonly ms: number
}

/** Runs a scenario on such daemons. */
export async function runFake(
  scenario: RealScenario,
  {
    nodes,
    commits,
    random = () => 0.5,
    startMs = 500,
    peers = nodes - 1,
    faultMs = scenario.faultMs
  }: FakeReports
): Promise<FakeOutcome> {
  const faults: string[] = []
  const notes: string[] = []
  const kills: { node: number; awayBefore: number }[] = []
  const counts: Record<string, number> = {}
  /** When a daemon answers again. */
  const backAt = Array.from({ length: nodes }, () => 0)
  let nowMs = 0
  const isAway = (node: number) => nowMs < (backAt[node] ?? 0)
  /** Whoever comes first of those who answer has led the last round: what leaders are found by. */
  const consensus = () => {
    const author = backAt.findIndex((_, place) => !isAway(place))
    return {
      round: 1,
      members: backAt.map((_, replica) => ({ replica, peer: `peer-${replica}` })),
      rounds: [{ round: 1, anchor: { author, state: 'committed' } }]
    }
  }
  const nothing = () => undefined
  const links = { size: nodes, partition: nothing, healAll: nothing, shape: nothing }
  const cluster = {
    honest: Array.from({ length: nodes }, (_, node) => node),
    nameOf: (node: number) => `node-${node + 1}`,
    status: async (node: number) =>
      isAway(node)
        ? undefined
        : {
            peer: `peer-${node}`,
            state: 'running',
            peersConnected: peers,
            committedIndex: commits(node, nowMs)
          },
    daemon: () => ({ client: () => ({ call: async () => consensus() }) }),
    kill: async (node: number) => {
      kills.push({ node, awayBefore: backAt.filter((_, place) => isAway(place)).length })
      backAt[node] = Number.POSITIVE_INFINITY
    },
    start: (node: number) => {
      backAt[node] = nowMs + startMs
    },
    pause: nothing,
    resume: nothing,
    ready: async () => undefined,
    links
  }
  const run = {
    cluster: cluster as unknown as Cluster,
    record: { nowMs: () => nowMs },
    random,
    faultMs,
    note: (text: string) => void notes.push(text),
    count: (name: string) => {
      counts[name] = 1 + (counts[name] ?? 0)
    },
    healed: nothing,
    sleep: async (ms: number) => {
      nowMs += ms
    },
    expect: (isAsExpected: boolean, otherwise: string) => {
      if (!isAsExpected) faults.push(otherwise)
    }
  }
  await scenario.run(run as unknown as ScenarioRun)
  return { faults, kills, counts, notes, ms: nowMs }
}

/** What a scenario finds wrong with such daemons. */
export async function faultsOf(
  scenario: RealScenario,
  reports: FakeReports
): Promise<readonly string[]> {
  return (await runFake(scenario, reports)).faults
}
