import { readFileSync } from 'node:fs'
import { Prng } from '@novacron/base'
import type { ReplicaRules } from '@novacron/replica'
import { describe, expect, test } from 'vitest'
import {
  bullsharkOrderer,
  type Fault,
  mixingHash,
  quietScenario,
  replicaProtocol,
  type Scenario,
  scenarioOfJson,
  simulate
} from '../src/index.ts'
import { crash, runCase } from './cases/run.ts'
import { sha256 } from './hash.ts'
import { mutants } from './mutants.ts'
import { bullsharkNeeds } from './needs.ts'

const fast: Scenario = {
  ...quietScenario,
  network: { ...quietScenario.network, delay: { type: 'uniform', fromMs: 0.5, toMs: 5 } },
  flushDelay: { type: 'heavy-tail', minMs: 0.3, shape: 1.3, maxMs: 60 },
  bullshark: { gcDepthRounds: 8 },
  livenessMs: 12_000
}

function scenarioIn(file: string): Scenario {
  const url = new URL(`scenarios/${file}.json`, import.meta.url)
  return scenarioOfJson(JSON.parse(readFileSync(url, 'utf8')))
}

/** Runs that failed once, and what they found. */
describe('what seeds have found stays found', () => {
  // As drawn then: what a seed draws has changed since.
  test.each([
    {
      file: 'swarm-168',
      what: 'own payload that waited, or that the own open header named, was pruned'
    },
    { file: 'swarm-78', what: 'a snapshot download waited for ever for a member that withholds' },
    {
      file: 'swarm-314',
      what: 'a signed header outlived a certificate that it names, which nobody else had'
    },
    {
      file: 'swarm-731',
      what: 'an observer looked for a snapshot, and nobody had one that it could take'
    },
    {
      file: 'swarm-54',
      what: 'a log went on from too few records, and a lost one was read for ever'
    },
    {
      file: 'swarm-182',
      what: 'over a slow line no reply to a question for commits came in time, ever'
    },
    { file: 'swarm-41', what: 'what follows a snapshot was pruned before anybody had taken it' },
    { file: 'simulate-33', what: 'an interface was busy with what was still under way to it' }
  ])('the scenario $file: $what', ({ file }) => {
    const report = simulate(scenarioIn(file), bullsharkNeeds())
    expect(report.verdict, report.firstViolation?.facts).toBe('pass')
  })

  test('whoever came back with an old disk was accused, rightly: only one had what it signed before', () => {
    // The command's hash: another would draw other leaders.
    const report = simulate(scenarioIn('simulate-924'), bullsharkNeeds(undefined, mixingHash))
    expect(report.verdict, report.firstViolation?.facts).toBe('pass')
  })

  test('over lines on which a round takes longer than the first wait, what was sent again left no room', () => {
    const network = { ...quietScenario.network, nodeBytesPerSecond: 4_000 }
    const load = { ...quietScenario.load, clients: 3, intervalMs: 200, retryMs: 3_000 }
    const narrow = { ...quietScenario, seed: 5, network, load, chaosMs: 10_000, livenessMs: 20_000 }
    const report = simulate(narrow, bullsharkNeeds())
    expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    expect(report.counts.get('resent') ?? 0).toBeLessThan(20)
  })

  test.each([2, 3, 6, 11, 13])(
    'seed %i: after a second without one link a laggard waited for ever for parents that no commit orders',
    seed => {
      const faults = [{ type: 'link-flap', atMs: 500, forMs: 1_000, between: [0, 3] }] as const
      const report = simulate({ ...fast, seed, faults }, bullsharkNeeds())
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  // With batches that expire although they are named, all four wait for payload that they have dropped.
  test.each([1, 3, 4, 5])(
    'seed %i: payload that was voted for, or that waits to be run, does not expire',
    seed => {
      const delay = { type: 'uniform', fromMs: 0.5, toMs: 60 } as const
      const network = { ...fast.network, delay, isFifo: false, lossPercent: 10 }
      const faults = [1, 2, 3].map(
        to => ({ type: 'link-flap', atMs: 500, forMs: 1_500, between: [0, to] }) as const
      )
      const mempool = { unorderedCommitsMax: 1 }
      const report = simulate({ ...fast, seed, network, mempool, faults }, bullsharkNeeds())
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  test.each([123, 133])(
    'seed %i: an executor waited for ever for payload that everybody had pruned',
    seed => {
      const report = simulate(
        {
          ...fast,
          seed,
          replica: { checkpointIntervalCommits: 5, retentionCommits: 1, payloadWaitMs: 1_000 },
          bullshark: { gcDepthRounds: 50 },
          faults: [
            {
              type: 'crash',
              atMs: 600,
              places: [3],
              loss: 'kept',
              downMs: 1_500,
              staggerMs: 0,
              disk: { type: 'own' }
            }
          ]
        },
        bullsharkNeeds()
      )
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  test('a wiped member that lost power again before it signed anything believed its empty record', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const crash = { type: 'crash', loss: 'lost', staggerMs: 0 } as const
      // Away for so long that the others have forgotten what it signed.
      const wiped = {
        ...crash,
        atMs: 400,
        places: [1],
        downMs: 1_600,
        disk: { type: 'wiped' }
      } as const
      const power = { ...crash, atMs: 2_000 + 8 * seed, places: [0, 1, 2, 3], downMs: 150 } as const
      const faults = [wiped, { ...power, disk: { type: 'own' } }] as const
      const bullshark = { gcDepthRounds: 8, minHeaderDelayMs: 5, idleHeaderDelayMs: 10 }
      const replica = { checkpointIntervalCommits: 5, retentionCommits: 1 }
      const more = { seed, faults, bullshark, replica, chaosMs: 800 }
      const report = simulate({ ...quietScenario, ...more }, bullsharkNeeds())
      expect(report.verdict, `seed ${seed}: ${report.firstViolation?.facts}`).toBe('pass')
    }
  })

  /*
   * Where what was drawn then cannot be drawn again: written down with scenarios in which the same is seen once the fix is taken
   * out, `Certifier.seenHeader` without what waits (double-signed) and `Pacemaker.decide` blocked where it is stuck (stalled).
   */
  test.each([35, 120, 211])(
    'the scenario waiting-header-%i: a header that waited at others was not told to its author, who had forgotten it',
    number => {
      const report = simulate(scenarioIn(`waiting-header-${number}`), bullsharkNeeds())
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  // The lowest of their outages had three to five commits in place of sixty and more.
  test.each([13, 22, 24])(
    'seed %i: one was killed while another that had been away was still no anchor, and the others hardly went on',
    seed => {
      const prng = new Prng(1_000_000 + seed)
      const downMs = 1_500
      const faults: Extract<Fault, { type: 'crash' }>[] = []
      for (let atMs = 1_000; faults.length < 11; atMs += downMs + 700 + prng.below(400)) {
        faults.push({ ...crash, atMs, downMs, places: [prng.below(4)] })
      }
      const delay = { type: 'uniform', fromMs: 0.5, toMs: 15 } as const
      const { report, indexAt } = runCase({
        ...{ mode: 'bullshark-turbo', seed, faults },
        network: { ...quietScenario.network, delay },
        load: { ...quietScenario.load, intervalMs: 20 }
      })
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
      const headAt = (ms: number) => Math.max(...[0, 1, 2, 3].map(place => indexAt(place, ms)))
      for (const { atMs, places } of faults) {
        const during = headAt(atMs + downMs) - headAt(atMs)
        expect(during, `place ${places} away from ${atMs} ms on`).toBeGreaterThan(50)
      }
    }
  )

  test.each([7, 18, 59])(
    'the scenario open-rounds-%i: all had opened as many rounds without a commit as they may, and opened none ever again',
    number => {
      const report = simulate(scenarioIn(`open-rounds-${number}`), bullsharkNeeds())
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  // Mutants bring these back.
  test.each([
    {
      file: 'unordered-payload-15',
      mutant: 'M18',
      what: 'payload of a vertex that no commit had ordered yet was pruned'
    },
    {
      file: 'early-drop-20',
      mutant: 'M16',
      what: 'batches went before the checkpoint that makes up for them, and then the power failed'
    }
  ])('the scenario $file: $what', ({ file, mutant }) => {
    const scenario = scenarioIn(file)
    const report = simulate(scenario, bullsharkNeeds())
    expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    const rules = mutants.find(({ name }) => name.startsWith(mutant))?.replica as ReplicaRules
    const protocol = replicaProtocol({ orderer: bullsharkOrderer(), rules }, sha256)
    expect(simulate(scenario, { hash: sha256, protocol }).verdict).toBe('stalled')
  })
})
