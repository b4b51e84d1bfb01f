import type { Digest, Hash, PeerId, ReplicaId, Write } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { OrdererEffect } from '../orderer.ts'
import type { SigningDomain } from '../signing.ts'
import { slotKey, tables } from '../tables.ts'
import { type Entry, encodeEntry } from './entry.ts'
import type { EntryLog } from './log.ts'
import type { SingleLeaderMessage } from './messages.ts'
import type { SingleLeaderOptions } from './options.ts'
import type { SingleLeaderRules } from './rules.ts'

export type SingleLeaderEffect = OrdererEffect<SingleLeaderMessage>
export type Out = SingleLeaderEffect[]

/** What all parts of one orderer share. */
export interface SingleLeaderParts {
  readonly options: SingleLeaderOptions
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly rules: SingleLeaderRules
  readonly log: EntryLog
  readonly connected: ReadonlySet<PeerId>
  readonly hasBatch: (digest: Digest) => boolean
}

export function entryKey({ domain }: Pick<SingleLeaderParts, 'domain'>, index: number): Uint8Array {
  return slotKey(domain.epoch, index as Parameters<typeof slotKey>[1], 0 as ReplicaId)
}

export function putEntry(parts: Pick<SingleLeaderParts, 'domain'>, entry: Entry): Write {
  const key = entryKey(parts, entry.index)
  return { type: 'put', table: tables.entry, key, value: encodeEntry(entry) }
}

/** Entries from `from` on, and below `to`. */
export function deleteEntries(
  parts: Pick<SingleLeaderParts, 'domain'>,
  from: number,
  to: number = Number.MAX_SAFE_INTEGER
): Write {
  const range = { from: entryKey(parts, from), to: entryKey(parts, to) }
  return { type: 'delete-range', table: tables.entry, ...range }
}
