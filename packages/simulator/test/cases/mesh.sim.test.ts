import { describe, expect, test } from 'vitest'
import { type BullsharkMode, bullsharkModes } from '../../src/index.ts'
import { type CaseRun, fixedDelay, instant, runCase, sentIn, spied, type Wrap } from './run.ts'

const delayMs = 10
const rounds = 50
const loadMs = rounds * 3 * delayMs

/** Message delays from a header to its commit, as section 4 has them, and the most that any takes. */
interface Delays {
  readonly usual: number
  readonly most: number
}

/**
 * A vertex that comes after a quorum of its round is not named by everybody: of Bullshark one that the next anchor does not reach
 * waits for the one after it, three or six delays more; of turbo one delay more, since fewer headers name it.
 */
const expected: Readonly<Record<BullsharkMode, { anchor: Delays; other: Delays }>> = {
  bullshark: { anchor: { usual: 6, most: 7 }, other: { usual: 12, most: 18 } },
  'bullshark-turbo': { anchor: { usual: 4, most: 5 }, other: { usual: 7, most: 8 } }
}

function runMesh(mode: BullsharkMode, replicas: number) {
  const proposedMs = new Map<string, number>()
  const submitted = new Set<string>()
  const spy = spied(step => {
    for (const { signed } of sentIn(step, 'header')) {
      const slot = `${signed.header.round}/${signed.header.author}`
      // After the load rounds are idle ones.
      if (step.atMs < loadMs && !proposedMs.has(slot)) proposedMs.set(slot, step.atMs)
    }
  })
  const wrap: Wrap = (protocol, world) => ({
    ...spy(protocol, world),
    transaction(client, sequence, session) {
      if (session !== undefined) submitted.add(`${client}/${sequence}`)
      return protocol.transaction(client, sequence, session)
    }
  })
  const run = runCase(
    {
      ...{ mode, replicas, readDelay: instant, flushDelay: instant },
      network: { ...fixedDelay(delayMs), connectDelay: instant },
      chaosMs: loadMs
    },
    { wrap }
  )
  return { run, proposedMs, submitted }
}

/** Delays from headers to their commits, both at their author. Rounds 1 and 2 wait for those who start. */
function delaysOf(
  { executed }: CaseRun,
  proposedMs: ReadonlyMap<string, number>,
  isOfAnchors: boolean
) {
  const delays: number[] = []
  for (const { place, subDag, atMs } of executed) {
    for (const { round, author, digest } of subDag.vertices) {
      const atFirstMs = proposedMs.get(`${round}/${author}`)
      const isAnchor = digest === subDag.anchor.digest
      if (author !== place || round <= 2 || isAnchor !== isOfAnchors || atFirstMs === undefined)
        continue
      delays.push((atMs - atFirstMs) / delayMs)
    }
  }
  return delays
}

describe.each(bullsharkModes)(
  'case 1 (narwhal commit_one): a full mesh without faults, %s',
  mode => {
    test.each([4, 7, 20])(
      '%i replicas commit every anchor directly, and all that was submitted, in time',
      replicas => {
        const { run, proposedMs, submitted } = runMesh(mode, replicas)
        expect(run.report.firstViolation).toBeUndefined()
        const anchorRounds = [...new Set(run.at(0).map(({ subDag }) => subDag.anchor.round))]
        const step = mode === 'bullshark' ? 2 : 1
        expect(anchorRounds).toEqual(anchorRounds.map((_, i) => step * (i + 1)))
        expect(anchorRounds.at(-1)).toBeGreaterThanOrEqual(rounds - 2)
        // Whoever was committed by a later one would have taken longer.
        for (const isOfAnchors of [true, false]) {
          const delays = delaysOf(run, proposedMs, isOfAnchors)
          const { usual, most } = expected[mode][isOfAnchors ? 'anchor' : 'other']
          const late = delays.filter(delay => delay > usual + 0.01)
          if (isOfAnchors) expect(delays.length).toBeGreaterThan(20)
          expect(Math.max(0, ...late)).toBeLessThan(most + 0.01)
          expect(late.length).toBeLessThanOrEqual(delays.length / (isOfAnchors ? 10 : 5))
        }
        expect(submitted.size).toBeGreaterThan(80)
        expect(run.report.applied).toBe(submitted.size)
        expect(run.report.acknowledged).toBe(submitted.size)
      }
    )
  }
)
