import type { DagAnchor, DagRound } from '@novacron/node'
import type { ScenarioRun } from '../scenario.ts'

type Anchor = DagAnchor & Pick<DagRound, 'round'>

const roundsBack = 20

async function lastAnchors({ cluster }: ScenarioRun, asked: number): Promise<readonly Anchor[]> {
  const client = cluster.daemon(asked).client()
  const { round } = await client.call('consensus.status', {})
  const window = { fromRound: Math.max(1, round - roundsBack), toRound: round }
  const { rounds } = await client.call('consensus.dag', window)
  return rounds.flatMap(({ anchor, ...of }) => (anchor === undefined ? [] : { ...anchor, ...of }))
}

/**
 * Place of the daemon whose vertex is the last anchor in that state, as `asked` knows it, or the last in any state: at most
 * moments turbo has decided all that it knows. Never `except`; 0 when there is none.
 */
export async function leaderOf(
  run: ScenarioRun,
  asked: number,
  state: 'undecided' | 'committed',
  except?: number
): Promise<number> {
  // Seats are in the order of names, which for up to nine nodes is that of places.
  const anchors = (await lastAnchors(run, asked)).filter(({ author }) => author !== except)
  return (anchors.findLast(each => each.state === state) ?? anchors.at(-1))?.author ?? 0
}

/** The last rounds of which `asked` knows that this one was to lead them, and that the log went on without it. */
export async function roundsWithout(
  run: ScenarioRun,
  leader: number,
  asked: number
): Promise<readonly number[]> {
  const anchors = await lastAnchors(run, asked)
  const missed = anchors.filter(({ author, state }) => author === leader && state === 'skipped')
  return missed.map(({ round }) => round)
}
