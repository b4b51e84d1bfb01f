import type { DagAnchor, DagRound } from '@novacron/node'
import type { ScenarioRun } from '../scenario.ts'
import { until } from './steps.ts'

/** Of a round that a daemon of ours was to lead. */
type Anchor = Pick<DagAnchor, 'state'> & Pick<DagRound, 'round'> & { readonly place: number }

const roundsBack = 20
/** A leader of some state is there a few rounds later, unless nothing moves. */
const knownMs = 10_000

async function lastAnchors(run: ScenarioRun, asked: number): Promise<readonly Anchor[]> {
  const client = run.cluster.daemon(asked).client()
  const places = await placesByPeer(run)
  const { round: last, members } = await client.call('consensus.status', {})
  const window = { fromRound: Math.max(1, last - roundsBack), toRound: last }
  const { rounds } = await client.call('consensus.dag', window)
  return rounds.flatMap(({ anchor, round }) => {
    // A seat is not a place: seats are in the order of names, of which node-10 comes before node-2.
    const peer = members.find(({ replica }) => replica === anchor?.author)?.peer
    const place = places.get(peer ?? '')
    return anchor === undefined || place === undefined
      ? []
      : [{ place, state: anchor.state, round }]
  })
}

/** Of the daemons that answer; liars in place of a daemon are none of them. */
async function placesByPeer({ cluster }: ScenarioRun): Promise<ReadonlyMap<string, number>> {
  const known = await Promise.all(
    cluster.honest.map(async place => [(await cluster.status(place))?.peer, place] as const)
  )
  return new Map(known.flatMap(([peer, place]) => (peer === undefined ? [] : [[peer, place]])))
}

/**
 * Place of the daemon whose vertex is the last anchor in that state, as `asked` knows it, or the last in any state: at most
 * moments turbo has decided all that it knows. Never `except`. Waits until there is one.
 *
 * throws  Error when there is none for long
 */
export async function leaderOf(
  run: ScenarioRun,
  asked: number,
  state: 'undecided' | 'committed',
  except?: number
): Promise<number> {
  let leader: number | undefined
  await until(run, knownMs, async () => {
    const anchors = (await lastAnchors(run, asked)).filter(({ place }) => place !== except)
    leader = (anchors.findLast(each => each.state === state) ?? anchors.at(-1))?.place
    return leader !== undefined
  })
  if (leader === undefined) throw new Error(`${run.cluster.nameOf(asked)} knew of no leader`)
  return leader
}

/** The last rounds of which `asked` knows that this one was to lead them, and that the log went on without it. */
export async function roundsWithout(
  run: ScenarioRun,
  leader: number,
  asked: number
): Promise<readonly number[]> {
  const anchors = await lastAnchors(run, asked)
  const missed = anchors.filter(({ place, state }) => place === leader && state === 'skipped')
  return missed.map(({ round }) => round)
}
