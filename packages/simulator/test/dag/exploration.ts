import type { DagExploration } from '../../src/index.ts'

/** Few rounds are kept and leaders change often, so that both meet the commit rule within a short DAG. */
export function exploration(seed: number, replicas: number): DagExploration {
  return {
    seed,
    replicas,
    orders: 100,
    bullshark: {
      gcDepthRounds: seed % 2 === 0 ? 8 : 4,
      schedulePeriodCommits: 3,
      scheduleWindowCommits: 6
    }
  }
}
