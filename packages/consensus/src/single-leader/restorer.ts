import type { Hash } from '@novacron/base'
import { type CommittedSubDag, decodeSubDag } from '../dag/sub-dag.ts'
import type { Row } from '../orderer.ts'
import type { SigningDomain } from '../signing.ts'
import { emptyKey, endKey, tables } from '../tables.ts'
import { decodeEntry, type Entry, termOf } from './entry.ts'
import type { EntryLog } from './log.ts'
import { entryKey, type Out, type SingleLeaderParts } from './parts.ts'
import { termKey } from './voting.ts'

const tokens = ['restore/term', 'restore/commit', 'restore/entries'] as const

export interface Restored {
  readonly term: Uint8Array | undefined
  /** The last of the log that is known to be committed. */
  readonly commit: CommittedSubDag | undefined
  /** The newest, ascending. */
  readonly entries: readonly Entry[]
}

/** Reads the protocol's state back before anything else happens. */
export class Restorer {
  readonly #rows = new Map<string, readonly Row[]>()

  start(parts: SingleLeaderParts, out: Out): void {
    out.push({
      type: 'read',
      token: 'restore/term',
      keys: [{ table: tables.signed, key: termKey }]
    })
    const all = { from: emptyKey, to: endKey, reverse: true }
    const commit = { table: tables.commit, ...all, limit: 1 }
    out.push({ type: 'read', token: 'restore/commit', range: commit })
    const range = {
      table: tables.entry,
      from: entryKey(parts, 0),
      to: entryKey(parts, Number.MAX_SAFE_INTEGER),
      limit: parts.options.logEntriesMax,
      reverse: true
    }
    out.push({ type: 'read', token: 'restore/entries', range })
  }

  /** Everything, once the last of the reads is in. */
  onRead(
    token: string,
    rows: readonly Row[],
    domain: SigningDomain,
    hash: Hash
  ): Restored | undefined {
    this.#rows.set(token, rows)
    if (!tokens.every(name => this.#rows.has(name))) return undefined
    const valuesOf = (name: string) =>
      (this.#rows.get(name) ?? []).flatMap(({ value }) => (value === undefined ? [] : [value]))
    const [term] = valuesOf('restore/term')
    const [commit] = valuesOf('restore/commit')
    const entries = valuesOf('restore/entries').map(decodeEntry).reverse()
    return {
      term,
      commit: commit === undefined ? undefined : decodeSubDag(commit, domain, hash),
      entries: contiguousTail(entries)
    }
  }
}

function contiguousTail(entries: readonly Entry[]): readonly Entry[] {
  let from = entries.length - 1
  while (from > 0 && entries[from - 1]?.index === (entries[from]?.index ?? 0) - 1) from--
  return entries.slice(Math.max(0, from))
}

/** Fills an empty log with what was read back. */
export function fillLog(log: EntryLog, { commit, entries }: Restored): void {
  const committed = commit?.index ?? 0
  const [first] = entries
  log.reset(committed, commit === undefined ? 0 : termOf(commit))
  if (first === undefined || first.index > committed + 1) return
  const last = entries.at(-1) as Entry
  if (last.index < committed) return
  let kept = entries
  if (first.index === 1) log.reset(0, 0)
  else if (first.index <= committed) {
    log.reset(first.index, first.term)
    kept = entries.slice(1)
  }
  for (const entry of kept) log.append(entry)
}
