import type { Prng, ReplicaId, Round } from '@novacron/base'
import type { Certificate, SignedHeader } from '@novacron/consensus'
import type { DagBuilder } from './builder.ts'
import { drawParents, type Shy } from './generator.ts'

/** What authors sign for the rounds of a DAG beside what is certified. */
export interface HeaderTraffic {
  /** Authors that sign two headers for each round: f liars, or more where honest ones forget what they signed. */
  readonly doubles: number
}

/** The headers that one author signs for one round: one, or of a liar two, of which an observer may hear either first. */
export type ShownHeaders = readonly SignedHeader[]

/**
 * Every author's headers for every round of a DAG: those of its vertices, one each for the slots that have none, since an
 * honest header need not be certified, and second ones of the doubles, which link to whom the first does not.
 */
export function randomHeaders(
  dag: readonly Certificate[],
  { doubles }: HeaderTraffic,
  builder: DagBuilder,
  prng: Prng
): readonly ShownHeaders[] {
  const authors = builder.committee.members.map((_, replica) => replica as ReplicaId)
  const liars = new Set(prng.shuffle(authors).slice(0, doubles))
  const rounds = dag.at(-1)?.header.round ?? 0
  const shown: ShownHeaders[] = []
  let before: readonly Certificate[] = []
  for (let number = 1; number <= rounds; number++) {
    const round = number as Round
    const current = dag.filter(({ header }) => header.round === round)
    for (const author of authors) {
      const vertex = current.find(({ header }) => header.author === author)
      const first = vertex ?? drawVertex(round, author, before, new Map(), builder, prng)
      const headers = [first]
      if (liars.has(author)) {
        headers.push(drawVertex(round, author, before, againstLinks(first, before), builder, prng))
      }
      shown.push(headers.map(certificate => builder.signedHeader(certificate)))
    }
    before = current
  }
  return shown
}

/** Links of the first are avoided where they can be, the others are sought. */
function againstLinks(first: Certificate, before: readonly Certificate[]): Shy {
  const linked = new Set(first.header.parents.map(({ digest }) => digest))
  return new Map(
    before.map(({ header, digest }) => [header.author, linked.has(digest) ? 30 : 100] as const)
  )
}

function drawVertex(
  round: Round,
  author: ReplicaId,
  before: readonly Certificate[],
  shy: Shy,
  builder: DagBuilder,
  prng: Prng
): Certificate {
  return builder.vertex(round, author, drawParents(before, shy, builder, prng))
}

/**
 * When one observer hears of the headers that one author signed for one round, in rounds: mostly before anything of that
 * round is certified, with a heavy tail; some never, since nobody repeats them once the round is over.
 */
export function headersHeard(
  headers: ShownHeaders,
  prng: Prng
): { readonly header: SignedHeader; readonly time: number }[] {
  return headers.flatMap(header => {
    if (prng.chance(0.1)) return []
    const delay = 0.1 * (1 - prng.fraction()) ** (-1 / 1.1)
    return [{ header, time: header.header.round - 0.9 + Math.min(delay, 12) }]
  })
}
