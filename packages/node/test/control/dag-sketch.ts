import type { Digest, Millis, PeerId, ReplicaId, Round } from '@novacron/base'
import {
  type Certificate,
  Committee,
  Dag,
  makeCertificate,
  makeHeader,
  type VertexReference
} from '@novacron/consensus'
import { sha256 } from '../../src/config/ed25519.ts'
import type { DagSource } from '../../src/control/dag-window.ts'
import { digestOfText, domain } from './commits.ts'

export const peers: readonly PeerId[] = [1, 2, 3, 4].map(i => `peer-${i}` as PeerId)

export const committee: Committee = new Committee(
  peers.map(peer => ({ peer, publicKey: new Uint8Array(32), weight: 1 }))
)

export interface DagSketch extends DagSource {
  readonly dag: Dag
  lastAnchorRound: Round
  at(round: number, author: number): VertexReference
}

/** Rounds of four vertices, each with one batch, but for the `missing` [round, author]; replica 1 is the anchor of every second. */
export function sketchOf({
  rounds,
  lastAnchorRound,
  missing = []
}: {
  readonly rounds: number
  readonly lastAnchorRound: number
  readonly missing?: readonly (readonly [number, number])[]
}): DagSketch {
  const dag = new Dag(committee)
  let parents: readonly Certificate[] = []
  for (let round = 1; round <= rounds; round++) {
    const authors = [0, 1, 2, 3].filter(
      author => !missing.some(([r, a]) => r === round && a === author)
    )
    parents = authors.map(author => certificateOf(round as Round, author as ReplicaId, parents))
    for (const certificate of parents) dag.insert(certificate)
  }
  return {
    dag,
    lastAnchorRound: lastAnchorRound as Round,
    anchorsOf: round => (round >= 2 && round % 2 === 0 ? [1 as ReplicaId] : []),
    at: (round, author) => {
      const certificate = dag.at(round as Round, author as ReplicaId)
      const digest = certificate?.digest ?? ('00' as Digest)
      return { round: round as Round, author: author as ReplicaId, digest }
    }
  }
}

function certificateOf(
  round: Round,
  author: ReplicaId,
  parents: readonly Certificate[]
): Certificate {
  const fields = {
    epoch: domain.epoch,
    round,
    author,
    createdAt: 0 as Millis,
    payload: [{ digest: digestOfText(`${round}/${author}`), sizeBytes: 1 }],
    parents: parents.map(parent => ({ author: parent.header.author, digest: parent.digest }))
  }
  return makeCertificate(makeHeader(fields, domain, sha256), [], domain, sha256)
}
