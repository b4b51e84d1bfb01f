/** What one honest daemon tells about a time among liars. */
export interface HonestReport {
  readonly node: string
  /** Commits while it was watched, which is from when it knew enough of the liar. */
  readonly commits: number
  readonly committedIndex: number
  /** Since it started: messages, equivocations among them, for which it held their sender to account. */
  readonly rejected: number
  /** Proofs of equivocation by the liar. */
  readonly proofs: number
  /** Peers that it took no connection of any more, as it wrote in its log. */
  readonly refused: readonly string[]
  /** Largest resident memory since it started; undefined when it did not tell. */
  readonly peakBytes: number | undefined
  /** From the liar while it was watched. */
  readonly bytesFromLiar: number
}

export interface HostileReport {
  readonly liar: string
  /** How often the liar did what, by its own account. */
  readonly told: Readonly<Record<string, number>>
  /** Median latency of transactions since the liar began. */
  readonly p50Ms: number
  /** How long everybody was watched. */
  readonly seconds: number
  readonly honest: readonly HonestReport[]
}

/** What must come of a lie, beyond what every scenario asks for. */
export interface HostilePromise {
  readonly misdeeds: readonly string[]
  /** Every honest member holds proof: who finds it tells the others. */
  readonly isProvable?: boolean
  /** What is sent breaks rules of the wire: every honest member holds it against the sender, and soon refuses it. */
  readonly isRefused?: boolean
}

export interface HostileBounds {
  readonly medianMsMax: number
  readonly commitsPerSecondMin: number
  /** Commits between the first and the last of the honest. */
  readonly spreadMax: number
  readonly peakBytesMax: number
  /** Of a refused liar, who may go on dialing. */
  readonly refusedBytesPerSecondMax: number
}

const mib = 1024 * 1024

export const hostileBounds: HostileBounds = {
  // Until its reputation is gone, every fourth leader may be of no use: its timeout comes on top of what a commit takes.
  medianMsMax: 1_500,
  commitsPerSecondMin: 1,
  // Forty rounds of four members, who are not asked at one moment.
  spreadMax: 160,
  peakBytesMax: 400 * mib,
  refusedBytesPerSecondMax: 64 * 1024
}

/** What did not come as promised; empty when all did. */
export function checkHostile(
  { misdeeds, isProvable = false, isRefused = false }: HostilePromise,
  report: HostileReport,
  bounds: HostileBounds = hostileBounds
): readonly string[] {
  const { liar, told, p50Ms, honest } = report
  const faults: string[] = []
  const expect = (isSo: boolean, otherwise: string): void => {
    if (!isSo) faults.push(otherwise)
  }
  expect(
    p50Ms <= bounds.medianMsMax,
    `half of the transactions took more than ${bounds.medianMsMax} ms`
  )
  for (const misdeed of misdeeds) {
    expect((told[misdeed] ?? 0) > 0, `the hostile peer did not do ${misdeed}`)
  }
  for (const one of honest) {
    if (isProvable) expect(one.proofs > 0, `${one.node} holds no proof that the hostile peer lies`)
    if (isRefused) faults.push(...withoutRefusal(one, bounds, report))
    const wrong = one.refused.filter(peer => peer !== liar)
    expect(wrong.length === 0, `${one.node} refused honest members: ${wrong.join(' ')}`)
    faults.push(...beyondBounds(one, bounds, report))
  }
  const indexes = honest.map(({ committedIndex }) => committedIndex)
  const spread = Math.max(...indexes) - Math.min(...indexes)
  expect(spread <= bounds.spreadMax, `an honest member is ${spread} commits behind another`)
  return faults
}

function beyondBounds(
  { node, commits, peakBytes }: HonestReport,
  { commitsPerSecondMin, peakBytesMax }: HostileBounds,
  { seconds }: HostileReport
): readonly string[] {
  const faults: string[] = []
  if (commits < commitsPerSecondMin * seconds) {
    faults.push(`${node} made ${commits} commits in ${seconds.toFixed(1)} s among liars`)
  }
  if (peakBytes === undefined) faults.push(`${node} did not tell of its memory`)
  else if (peakBytes > peakBytesMax) {
    faults.push(`the memory of ${node} rose to ${Math.round(peakBytes / 1024 / 1024)} MiB`)
  }
  return faults
}

function withoutRefusal(
  { node, rejected, refused, bytesFromLiar }: HonestReport,
  { refusedBytesPerSecondMax }: HostileBounds,
  { liar, seconds }: HostileReport
): readonly string[] {
  const faults: string[] = []
  if (rejected === 0) faults.push(`${node} took what the hostile peer sent for good`)
  if (!refused.includes(liar)) faults.push(`${node} never refused the hostile peer`)
  else if (bytesFromLiar > refusedBytesPerSecondMax * seconds) {
    faults.push(`${node} took ${bytesFromLiar} bytes of the hostile peer that it refuses`)
  }
  return faults
}
