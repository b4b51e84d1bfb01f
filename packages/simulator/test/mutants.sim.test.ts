import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { runSwarmSeed, runSwarmWorld, type SwarmOutcome } from '../src/index.ts'
import { sha256 } from './hash.ts'
import { type Mutant, mutants } from './mutants.ts'

/** The very seeds that the right rules pass in `swarm.sim.test.ts`. */
const swarmSeeds = 200

interface Catch extends SwarmOutcome {
  /** Seeds up to and with the one that showed it. */
  readonly seeds: number
}

/** Where the order goes by the right rules, its DAG is the one that passes in `swarm.sim.test.ts`, and is not run again. */
function hunt(mutant: Mutant, firstSeed: number): Catch | undefined {
  const run = mutant.bullshark === undefined ? runSwarmWorld : runSwarmSeed
  for (let tried = 1; tried <= swarmSeeds; tried++) {
    const seed = firstSeed + tried - 1
    const outcome = run(seed, sha256, mutant)
    const isFailing = outcome.verdict !== 'pass' && !isFailingAnyway(mutant, seed)
    if (isFailing) return { ...outcome, seeds: tried }
  }
  return undefined
}

/** The safeguard that is off beside the mistake is enough for it. */
function isFailingAnyway({ alsoOff }: Mutant, seed: number): boolean {
  if (alsoOff === undefined) return false
  return runSwarmSeed(seed, sha256, { bullshark: alsoOff }).verdict !== 'pass'
}

test('there are at least fourteen, each another', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(14)
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
})

describe('a mutant does not survive the ordinary swarm', () => {
  test.each(mutants)('$name ($replaces)', mutant => {
    const caught = hunt(mutant, 1)
    expect(caught, `${mutant.name} survives seeds 1 to ${swarmSeeds}`).toBeDefined()
    expect(mutant.verdicts, caught?.facts).toContain(caught?.verdict)
  })
})

/** `MUTANTS=measure`: how many seeds each takes, over disjoint ranges, into the result file that `docs/testing.md` quotes. */
describe.runIf(process.env['MUTANTS'] === 'measure')('seeds to catch each', () => {
  const ranges = Number(process.env['RANGES'] ?? 10)
  const rows: object[] = []

  test.each(mutants)('$name', mutant => {
    const caught = Array.from({ length: ranges }, (_, i) => hunt(mutant, 1 + i * swarmSeeds))
    const verdicts: Record<string, number> = {}
    for (const each of caught) {
      const verdict = each?.verdict ?? 'survived'
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    }
    const seedsTaken = caught.map(each => each?.seeds ?? swarmSeeds)
    const meanSeeds = Math.round((seedsTaken.reduce((a, b) => a + b, 0) / ranges) * 10) / 10
    const { name, replaces } = mutant
    rows.push({ name, replaces, meanSeeds, mostSeeds: Math.max(...seedsTaken), verdicts })
  })

  afterAll(() => {
    const folder = new URL('../../../docs/benchmarks/', import.meta.url)
    mkdirSync(folder, { recursive: true })
    const content = { ranges, seedsPerRange: swarmSeeds, mutants: rows }
    writeFileSync(new URL('mutants.json', folder), `${JSON.stringify(content, undefined, 2)}\n`)
  })
})
