import { setTimeout } from 'node:timers/promises'
import { Fault } from '@novacron/base'
import type { CommitName, CommitPage } from '@novacron/node'

/** How the log of one node is read. */
export interface ChainSource {
  readonly node: string
  /** Its digest chain, page by page. @throws {Fault} pruned, with the lowest index that is still there */
  commits(from: number, limit: number): Promise<CommitPage>
  head(): Promise<CommitName>
}

export interface Agreement {
  /** True when every node answered, something was compared, and nothing differed. */
  readonly agreement: boolean
  /** Commits that all nodes hold, compared digest by digest. */
  readonly compared: number
  /** True when every node answered, and some node has no commit yet that others could have too. */
  readonly isEmpty: boolean
  readonly heads: readonly (CommitName & { readonly node: string })[]
  /** Why there is no agreement; empty when there is. */
  readonly reasons: readonly string[]
}

const pageCommits = 2_000
const lookMs = 200

/** Resolves when all have come to where the foremost is now, or after `withinMs`: a load leaves some behind. */
export async function awaitStragglers(
  sources: readonly ChainSource[],
  withinMs: number
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  // Who does not answer is not waited for: the comparison says so.
  const look = async () => (await headsOf(sources)).heads.map(({ index }) => index)
  const goal = Math.max(...(await look()))
  while (performance.now() < deadlineMs && Math.min(...(await look())) < goal) {
    await setTimeout(lookMs)
  }
}

/** Reads the digest chains of all nodes over their common range and compares them, commit by commit. */
export async function compareChains(sources: readonly ChainSource[]): Promise<Agreement> {
  const { heads, reasons } = await headsOf(sources)
  const answering = sources.filter(({ node }) => heads.some(head => head.node === node))
  const end = Math.min(...heads.map(({ index }) => index))
  let compared = 0
  try {
    compared = answering.length === 0 ? 0 : await compareUpTo(end, answering, heads, reasons)
  } catch (error) {
    reasons.push(`a chain could not be read to its end: ${(error as Error).message}`)
  }
  const isEmpty = compared === 0 && reasons.length === 0
  if (compared === 0) reasons.push('there was nothing to compare')
  return { agreement: reasons.length === 0, compared, isEmpty, heads, reasons }
}

/** Of those that answer; the reasons are of those that do not. */
async function headsOf(
  sources: readonly ChainSource[]
): Promise<{ readonly heads: Agreement['heads']; readonly reasons: string[] }> {
  const reasons: string[] = []
  const heads: (CommitName & { node: string })[] = []
  for (const source of sources) {
    try {
      const { index, digest } = await source.head()
      heads.push({ node: source.node, index, digest })
    } catch (error) {
      reasons.push(`${source.node} does not answer: ${(error as Error).message}`)
    }
  }
  return { heads, reasons }
}

async function compareUpTo(
  end: number,
  sources: readonly ChainSource[],
  heads: Agreement['heads'],
  reasons: string[]
): Promise<number> {
  let compared = 0
  let from = 1
  while (from <= end) {
    const limit = Math.min(pageCommits, end - from + 1)
    const pages = await Promise.all(sources.map(source => pageOf(source, from, limit)))
    // Whoever has pruned most sets the beginning of what all still hold.
    const lowest = Math.max(...pages.map(page => (page.type === 'pruned' ? page.lowest : from)))
    if (lowest > end) {
      reasons.push(gapOf(heads, end, lowest))
      return compared
    }
    if (lowest > from) {
      from = lowest
      continue
    }
    const chains = pages.map(page => (page.type === 'page' ? page.commits : []))
    const length = Math.min(...chains.map(chain => chain.length))
    if (length === 0) {
      reasons.push(`commit ${from} cannot be read from every node`)
      return compared
    }
    for (let i = 0; i < length; i++) {
      const difference = differenceAt(i, sources, chains)
      if (difference !== undefined) {
        reasons.push(difference)
        return compared
      }
      compared++
    }
    from += length
  }
  return compared
}

/** The one that is last has less than the others still hold. */
function gapOf(heads: Agreement['heads'], end: number, lowest: number): string {
  const last = heads.find(({ index }) => index === end)?.node
  return `${last} has come to commit ${end}, and another holds none before ${lowest}`
}

function differenceAt(
  i: number,
  sources: readonly ChainSource[],
  chains: readonly (readonly CommitName[])[]
): string | undefined {
  const expected = chains[0]?.[i]
  const other = chains.findIndex(
    chain => chain[i]?.index !== expected?.index || chain[i]?.digest !== expected?.digest
  )
  if (other === -1) return undefined
  const [first, second] = [sources[0]?.node, sources[other]?.node]
  return `commit ${expected?.index} is ${expected?.digest} on ${first} and ${chains[other]?.[i]?.digest} on ${second}`
}

type Page =
  | { readonly type: 'page'; readonly commits: readonly CommitName[] }
  | { readonly type: 'pruned'; readonly lowest: number }

async function pageOf(source: ChainSource, from: number, limit: number): Promise<Page> {
  try {
    const { commits } = await source.commits(from, limit)
    return { type: 'page', commits }
  } catch (error) {
    const facts: { code?: string; lowest?: number } = error instanceof Fault ? error.facts : {}
    if (facts.code !== 'pruned' || facts.lowest === undefined) throw error
    return { type: 'pruned', lowest: facts.lowest }
  }
}
