import { type Digest, Reader, type Round } from '@novacron/base'
import {
  decodeEntry,
  decodeSubDag,
  type Header,
  readCertificate,
  readSignedHeader,
  roundKey,
  type SigningDomain,
  tables
} from '@novacron/consensus'
import { sha256 } from '../config/ed25519.ts'
import type { Store } from '../store/store.ts'

/**
 * Drops stored batches that nothing names: those of vertices that a crash left behind, and those whose dropping was not on
 * disk yet. Reads the commits that are kept and the vertices that may still be ordered, `gcDepthRounds` below the last
 * anchor; returns how many went.
 */
export async function dropUnnamedBatches(
  store: Store,
  domain: SigningDomain,
  gcDepthRounds: number
): Promise<number> {
  const named = new Set<Digest>()
  const add = (payload: Header['payload']): void => {
    for (const { digest } of payload) named.add(digest)
  }
  let lastAnchorRound = 0
  for await (const [, value] of store.range(tables.commit)) {
    const { anchor, vertices } = decodeSubDag(value, domain, sha256)
    lastAnchorRound = anchor.round
    for (const vertex of vertices) add(vertex.payload)
  }
  const firstOpen = Math.max(0, lastAnchorRound - gcDepthRounds) as Round
  const open = { from: roundKey(domain.epoch, firstOpen) }
  for await (const [, value] of store.range(tables.certificate, open)) {
    add(readCertificate(new Reader(value), domain, sha256).header.payload)
  }
  for await (const [, value] of store.range(tables.header, open)) {
    add(readSignedHeader(new Reader(value), domain, sha256).header.payload)
  }
  for await (const [, value] of store.range(tables.entry)) add(decodeEntry(value).payload)
  const unnamed = [...store.batches.digests()].filter(digest => !named.has(digest))
  store.batches.drop(unnamed)
  return unnamed.length
}
