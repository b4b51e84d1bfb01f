import { Fault } from '@novacron/base'
import type { JsonLogEntry } from '@novacron/node'
import { commandFault } from './command-fault.ts'
import type { NodeConnection } from './node-connection.ts'

/** A place in the log to read on from. */
export interface LogPlace {
  readonly index: number
  readonly ordinal: number
}

const pageEntries = 500
/** The first step back from the head when the last entries are looked for; each next one is four times as long. */
const firstStepCommits = 64

/** Gives every entry from a place to the present end of the log, in order; returns the place behind the last. */
export async function readLog(
  node: NodeConnection,
  from: LogPlace,
  onEntry: (entry: JsonLogEntry) => void,
  signal?: AbortSignal
): Promise<LogPlace> {
  let place = from
  while (signal?.aborted !== true) {
    const params = { from: place.index, fromOrdinal: place.ordinal, limit: pageEntries }
    const { entries, next } = await node.call('log.range', params)
    for (const entry of entries) onEntry(entry)
    // The node passes over long runs of commits without entries page by page: only a place that stays is the end.
    if (entries.length === 0 && next.index <= place.index) return next
    place = next
  }
  return place
}

/** The last `count` entries that are wanted, looked for from the head backwards. */
export async function lastEntries(
  node: NodeConnection,
  count: number,
  isWanted: (entry: JsonLogEntry) => boolean
): Promise<{ readonly entries: readonly JsonLogEntry[]; readonly next: LogPlace }> {
  const { head } = await node.call('node.status', {})
  const { lowest } = await node.call('log.commits', { from: Math.max(1, head.index), limit: 1 })
  const first = Math.max(1, lowest)
  for (let step = firstStepCommits; ; step *= 4) {
    const from = Math.max(first, count === 0 ? head.index + 1 : head.index + 1 - step)
    const entries: JsonLogEntry[] = []
    const next = await readLog(node, { index: from, ordinal: 0 }, entry => {
      if (!isWanted(entry)) return
      entries.push(entry)
      if (entries.length > count) entries.shift()
    })
    if (entries.length >= count || from === first) return { entries, next }
  }
}

/**
 * Gives every entry from a place on as it is committed, until `signal` aborts. A reader that falls too far behind is put
 * back by the node to where it was, and goes on from there.
 *
 * throws  Fault<CommandFacts> when the node ends the subscription for another reason
 */
export async function followLog(
  node: NodeConnection,
  from: LogPlace,
  onEntry: (entry: JsonLogEntry) => void,
  signal: AbortSignal
): Promise<void> {
  let place = from
  while (!signal.aborted) {
    const subscription = await subscribe(node, place, signal, ({ entries, next }) => {
      for (const entry of entries) {
        if (isBefore(entry, place)) continue
        onEntry(entry)
      }
      place = next
    })
    if (subscription === undefined) return
    const reason = await subscription.closed
    if (signal.aborted) return
    if (reason.startsWith('slow-client')) continue
    throw commandFault('failed', `the node ended the subscription: ${reason}`)
  }
}

type LogPage = { readonly entries: readonly JsonLogEntry[]; readonly next: LogPlace }

async function subscribe(
  node: NodeConnection,
  { index }: LogPlace,
  signal: AbortSignal,
  onPage: (page: LogPage) => void
): Promise<{ readonly closed: Promise<string> } | undefined> {
  try {
    return await node.client.subscribe('log.committed', { from: index, signal }, onPage)
  } catch (error) {
    if (signal.aborted && error instanceof Fault) return undefined
    throw error
  }
}

function isBefore(entry: LogPlace, place: LogPlace): boolean {
  return entry.index < place.index || (entry.index === place.index && entry.ordinal < place.ordinal)
}
