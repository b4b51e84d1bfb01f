import { Fault } from '@novacron/base'
import type { ControlClient } from '@novacron/node'
import { type NodeLog, nameOf } from './checkers.ts'

const pageEntries = 1_000

/**
 * Reads what took effect on a node in some sessions, from a commit on or from the lowest that the node still has.
 *
 * throws  Fault<ControlClientFacts> when the node does not answer
 */
export async function readNodeLog(
  node: string,
  client: ControlClient,
  from: number,
  sessions: ReadonlySet<string>
): Promise<NodeLog> {
  const applied = new Map<string, (number | undefined)[]>()
  const doubled: string[] = []
  let place = { index: await lowestFrom(client, from), ordinal: 0 }
  const lowest = place.index
  for (;;) {
    const params = { from: place.index, fromOrdinal: place.ordinal, limit: pageEntries }
    const { entries, next } = await client.call('log.range', params)
    for (const { session, sequence, index, applied: isApplied } of entries) {
      if (!isApplied || !sessions.has(session)) continue
      const places = applied.get(session) ?? []
      applied.set(session, places)
      if (places[sequence] === undefined) places[sequence] = index
      else doubled.push(nameOf(session, sequence))
    }
    if (entries.length === 0 && next.index <= place.index) return { node, lowest, applied, doubled }
    place = next
  }
}

async function lowestFrom(client: ControlClient, from: number): Promise<number> {
  try {
    await client.call('log.commits', { from, limit: 1 })
    return from
  } catch (error) {
    const facts: { code?: string; lowest?: number } = error instanceof Fault ? error.facts : {}
    if (facts.code !== 'pruned' || facts.lowest === undefined) throw error
    return facts.lowest
  }
}
