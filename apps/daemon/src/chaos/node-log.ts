import { Fault } from '@novacron/base'
import type { ControlClient, JsonLogPage } from '@novacron/node'
import { type CommitRange, type NodeLog, nameOf } from './checkers.ts'

const pageEntries = 1_000

/**
 * Reads what took effect on a node in some sessions, from a commit on or from the lowest that the node still has.
 *
 * throws  Fault<ControlClientFacts> when the node does not answer
 */
export async function readNodeLog(
  node: string,
  client: Pick<ControlClient, 'call'>,
  from: number,
  sessions: ReadonlySet<string>
): Promise<NodeLog> {
  const applied = new Map<string, (number | undefined)[]>()
  const doubled: string[] = []
  const holes: CommitRange[] = []
  let place = { index: from, ordinal: 0 }
  let lowest = from
  for (;;) {
    const page = await pageFrom(client, place)
    if (typeof page === 'number') {
      if (place.index === from) lowest = page
      else holes.push({ first: place.index, last: page - 1 })
      place = { index: page, ordinal: 0 }
      continue
    }
    for (const { session, sequence, index, applied: isApplied } of page.entries) {
      if (!isApplied || !sessions.has(session)) continue
      const places = applied.get(session) ?? []
      applied.set(session, places)
      if (places[sequence] === undefined) places[sequence] = index
      else doubled.push(nameOf(session, sequence))
    }
    if (page.entries.length === 0 && page.next.index <= place.index) {
      return { node, lowest, applied, doubled, holes }
    }
    place = page.next
  }
}

/** A page, or the commit to go on from when what lies before is not there any more. */
async function pageFrom(
  client: Pick<ControlClient, 'call'>,
  { index, ordinal }: { readonly index: number; readonly ordinal: number }
): Promise<JsonLogPage | number> {
  try {
    const params = { from: index, fromOrdinal: ordinal, limit: pageEntries }
    return await client.call('log.range', params)
  } catch (error) {
    const facts: { code?: string; lowest?: number } = error instanceof Fault ? error.facts : {}
    if (facts.code !== 'pruned' || facts.lowest === undefined || facts.lowest <= index) throw error
    return facts.lowest
  }
}
