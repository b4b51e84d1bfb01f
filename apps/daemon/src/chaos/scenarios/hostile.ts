import { closeSync, openSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { loadNode } from '@novacron/node'
import { endChild, startChild } from '../../devnet/child.ts'
import type { Io } from '../../io.ts'
import type { Cluster, Replacement } from '../cluster.ts'
import type { RealScenario } from '../scenario.ts'

const politeMs = 5_000
const termMs = 2_000
/** Every fourth leader may be of no use: its timeout comes on top of what a commit takes. */
const medianMsMax = 3_000

interface HostileScenario {
  readonly name: string
  readonly what: string
  /** What the peer does, by names of the hostile program. */
  readonly misdeeds: readonly string[]
  /** The honest members can prove it. */
  readonly isProvable?: boolean
}

/** One member of the committee is another program, which lies from beginning to end; nothing heals it. */
function hostile({ name, what, misdeeds, isProvable = false }: HostileScenario): RealScenario {
  return {
    kind: 'real',
    name,
    what,
    nodesMin: 4,
    faultMs: 5_000,
    plan: nodes => ({ replaced: new Map([[nodes - 1, hostilePeer(misdeeds)]]) }),
    ...(isProvable
      ? { isExpectedEvidence: (line: string, cluster: Cluster) => line.includes(liarOf(cluster)) }
      : {}),
    run: async run => {
      const from = run.record.nowMs()
      await run.sleep(run.faultMs)
      const p50 = run.record.medianMs(from, run.record.nowMs() - medianMsMax / 2)
      run.note(`p50 ${p50.toFixed(0)} ms among liars`)
      run.expect(p50 <= medianMsMax, `half of the transactions took more than ${medianMsMax} ms`)
      const told = toldBy(run.cluster)
      run.note(`lies: ${JSON.stringify(told)}`)
      for (const misdeed of misdeeds) {
        run.expect((told[misdeed] ?? 0) > 0, `the hostile peer did not do ${misdeed}`)
      }
      if (!isProvable) return
      const proofs = run.cluster.evidence().filter(({ line }) => line.includes(liarOf(run.cluster)))
      run.expect(proofs.length > 0, 'nobody proved that the hostile peer lies')
    }
  }
}

function liarPlace(cluster: Cluster): number {
  return cluster.plan.nodes - 1
}

function liarOf(cluster: Cluster): string {
  return loadNode(cluster.directoryOf(liarPlace(cluster))).keys.peerId
}

const accountName = 'lies.json'

/** How often it did what; the program writes it now and then. */
function toldBy(cluster: Cluster): Readonly<Record<string, number>> {
  try {
    return JSON.parse(
      readFileSync(join(cluster.directoryOf(liarPlace(cluster)), accountName), 'utf8')
    )
  } catch {
    return {}
  }
}

function hostilePeer(misdeeds: readonly string[]): Replacement {
  return async ({ directory }, _links, { program, env }) => {
    const io = { program: { ...program, main: hostileMain(program) }, env }
    const log = openSync(join(directory, 'hostile.log'), 'a', 0o600)
    try {
      const args = [directory, misdeeds.join(','), accountName]
      const child = startChild(io, [], args, [log, log])
      return {
        [Symbol.asyncDispose]: async () => {
          await endChild(child, { politeMs, termMs })
        }
      }
    } finally {
      closeSync(log)
    }
  }
}

/** As source or as what was built from it, like this program. */
function hostileMain({ main }: Io['program']): string {
  const manifest = createRequire(import.meta.url).resolve('@novacron/hostile-peer/package.json')
  const isSource = extname(import.meta.url) === '.ts' && extname(main) === '.ts'
  return join(dirname(manifest), isSource ? 'src/main.ts' : 'dist/main.js')
}

/** Lies of a member to real daemons. */
export const hostileScenarios: readonly RealScenario[] = [
  hostile({
    name: 'hostile-equivocate',
    what: 'A member signs two headers for each slot: the others agree, and one of them proves it.',
    misdeeds: ['equivocate', 'vote-for-all'],
    isProvable: true
  }),
  hostile({
    name: 'hostile-flood',
    what: 'A member sends everything up to twenty times, and frames of nonsense: the others go on.',
    misdeeds: ['flood', 'nonsense']
  }),
  hostile({
    name: 'hostile-oversized',
    what: 'A member fills every stream with the largest frames that it may send: the others go on.',
    misdeeds: ['largest']
  }),
  hostile({
    name: 'hostile-replay',
    what: 'A member says again what it has heard, and signs for rounds and epochs far ahead.',
    misdeeds: ['replay', 'far-future', 'wrong-epoch']
  }),
  hostile({
    name: 'hostile-withhold',
    what: 'A member sends nothing to some, and keeps its certificates from others: they go on without.',
    misdeeds: ['withhold', 'withhold-certificates']
  })
]
