import type { ScenarioRun } from '../scenario.ts'

const roundsBack = 20

/**
 * Place of the daemon whose vertex is the last anchor in that state, as `asked` knows it, or the last in any state: at most
 * moments turbo has decided all that it knows. 0 when there is none.
 */
export async function leaderOf(
  { cluster }: ScenarioRun,
  asked: number,
  state: 'undecided' | 'committed'
): Promise<number> {
  const client = cluster.daemon(asked).client()
  const { round } = await client.call('consensus.status', {})
  const window = { fromRound: Math.max(1, round - roundsBack), toRound: round }
  const { rounds } = await client.call('consensus.dag', window)
  const anchors = rounds.flatMap(each => each.anchor ?? [])
  const anchor = anchors.findLast(each => each.state === state) ?? anchors.at(-1)
  // Seats are in the order of names, which for up to nine nodes is that of places.
  return anchor?.author ?? 0
}
