import { type Conditions, type Flow, quietConditions } from './conditions.ts'
import { LinkProxy, type LinkTarget } from './link-proxy.ts'
import { Bottleneck } from './pipe.ts'
import { TokenBucket } from './token-bucket.ts'

/** Bytes that went over one directed link, both ways. */
export interface LinkTraffic {
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/**
 * Every way in which one of several daemons may dial another, as a link of its own. Daemons are known by their place, from
 * 0. Either side of a pair may be the one that dialed, so what is said of a pair, or of the bytes from one to the other, is
 * said of both of its links.
 */
export class LinkGrid implements AsyncDisposable {
  readonly #links: readonly (readonly (LinkProxy | undefined)[])[]

  private constructor(links: readonly (readonly (LinkProxy | undefined)[])[]) {
    this.#links = links
  }

  /** `random` from 0 to 1 decides jitter and damage. */
  static async open(targets: readonly LinkTarget[], random: () => number): Promise<LinkGrid> {
    await using stack = new AsyncDisposableStack()
    const links: (LinkProxy | undefined)[][] = []
    // One for each pair and direction, whichever of the two dialed and however often.
    const buckets = targets.map(() => targets.map(() => new TokenBucket()))
    const bucket = (from: number, to: number): TokenBucket =>
      buckets[from]?.[to] ?? new TokenBucket()
    for (const from of targets.keys()) {
      const row: (LinkProxy | undefined)[] = []
      for (const [to, target] of targets.entries()) {
        const both = { forward: bucket(from, to), backward: bucket(to, from) }
        row.push(from === to ? undefined : stack.use(await LinkProxy.listen(target, random, both)))
      }
      links.push(row)
    }
    stack.move()
    return new LinkGrid(links)
  }

  get size(): number {
    return this.#links.length
  }

  /** Port under which `from` dials `to`. */
  port(from: number, to: number): number {
    return this.link(from, to).port
  }

  link(from: number, to: number): LinkProxy {
    const link = this.#links[from]?.[to]
    if (link === undefined) throw new RangeError(`no link from ${from} to ${to}`)
    return link
  }

  traffic(): readonly LinkTraffic[] {
    return this.#each((from, to, { counts }) => {
      return { from, to, bytes: counts.forwardBytes + counts.backwardBytes }
    })
  }

  /** Resets every connection between two and lets no new one come up. */
  cut(a: number, b: number): void {
    this.#change(a, b, conditions => ({ ...conditions, door: 'refuse' }))
  }

  /** Undoes everything between two. */
  heal(a: number, b: number): void {
    this.#change(a, b, () => quietConditions)
  }

  healAll(): void {
    this.#each((_from, _to, link) => link.set(quietConditions))
  }

  /** Accepts what either dials, and never forwards it. */
  halfOpen(a: number, b: number): void {
    this.#change(a, b, conditions => ({ ...conditions, door: 'half-open' }))
  }

  /** Changes what becomes of the bytes that `from` sends to `to`, whoever dialed. */
  shape(from: number, to: number, flow: Partial<Flow>): void {
    const dialed = this.link(from, to)
    const { forward } = dialed.conditions
    dialed.set({ ...dialed.conditions, forward: { ...forward, ...flow } })
    const accepted = this.link(to, from)
    const { backward } = accepted.conditions
    accepted.set({ ...accepted.conditions, backward: { ...backward, ...flow } })
  }

  /** Changes what becomes of the bytes of every pair, both ways. */
  shapeAll(flow: Partial<Flow>): void {
    this.#each((from, to) => this.shape(from, to, flow))
  }

  /** Limits what each node sends to all others together, and what it receives, on connections from now on. */
  limitEach(bytesPerSecond: number): void {
    const out = this.#links.map(() => new Bottleneck(bytesPerSecond))
    const into = this.#links.map(() => new Bottleneck(bytesPerSecond))
    const way = (from: number, to: number): readonly Bottleneck[] =>
      [out[from], into[to]].filter(each => each !== undefined)
    this.#each((from, to, link) => link.share(way(from, to), way(to, from)))
  }

  /** Cuts every pair that no group holds both of. */
  partition(groups: readonly (readonly number[])[]): void {
    for (let a = 0; a < this.size; a++) {
      for (let b = a + 1; b < this.size; b++) {
        const isTogether = groups.some(group => group.includes(a) && group.includes(b))
        if (!isTogether) this.cut(a, b)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#each((_from, _to, link) => link[Symbol.asyncDispose]()))
  }

  #change(a: number, b: number, change: (conditions: Conditions) => Conditions): void {
    for (const link of [this.link(a, b), this.link(b, a)]) link.set(change(link.conditions))
  }

  #each<T>(act: (from: number, to: number, link: LinkProxy) => T): T[] {
    return this.#links.flatMap((row, from) =>
      row.flatMap((link, to) => (link === undefined ? [] : [act(from, to, link)]))
    )
  }
}
