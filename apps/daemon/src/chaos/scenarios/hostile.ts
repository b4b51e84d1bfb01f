import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { loadNode } from '@novacron/node'
import { endChild, startChild } from '../../devnet/child.ts'
import type { Io } from '../../io.ts'
import type { Cluster, Replacement } from '../cluster.ts'
import { machineEvent } from '../counters.ts'
import {
  checkHostile,
  type HonestReport,
  type HostilePromise,
  type HostileReport,
  hostileBounds
} from '../hostile-report.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { commitsOf, until } from './steps.ts'

const politeMs = 5_000
const termMs = 2_000
const mib = 1024 * 1024

/** For the first lies to be told, and for who tells them to be known. */
const knownMs = 60_000

interface HostileScenario extends HostilePromise {
  readonly name: string
  readonly what: string
}

/** One member of the committee is another program, which begins to lie with the fault; nothing heals it. */
function hostile({ name, what, ...promise }: HostileScenario): RealScenario {
  const { misdeeds, isProvable = false, isRefused = false } = promise
  return {
    kind: 'real',
    name,
    what,
    nodesMin: 4,
    recoveryMsMax: 3_000,
    faultMs: 5_000,
    plan: (nodes, random) => {
      const seed = Math.floor(random() * 2 ** 32)
      return { replaced: new Map([[nodes - 1, hostilePeer(misdeeds, seed)]]) }
    },
    ...(isProvable
      ? { isExpectedEvidence: (line: string, cluster: Cluster) => line.includes(liarOf(cluster)) }
      : {}),
    run: async run => {
      const before = Object.keys(toldBy(run.cluster))
      run.expect(before.length === 0, `it lied before it was to: ${before.join(' ')}`)
      const beganAt = run.record.nowMs()
      writeFileSync(join(run.cluster.directoryOf(liarPlace(run.cluster)), cueName), '')
      await until(run, knownMs, () => isKnown(run.cluster, misdeeds, isRefused))
      const report = await watch(run, beganAt)
      run.note(`p50 ${report.p50Ms.toFixed(0)} ms among liars`)
      run.note(`lies: ${JSON.stringify(report.told)}`)
      for (const { node, rejected, proofs, peakBytes, bytesFromLiar } of report.honest) {
        const peak = Math.round((peakBytes ?? 0) / mib)
        run.note(
          `${node}: ${rejected} rejected, ${proofs} proofs, ${bytesFromLiar} B of it, peak ${peak} MiB`
        )
      }
      for (const fault of checkHostile(promise, report)) run.expect(false, fault)
    }
  }
}

/** The liar has done all that it is there for, and is refused by everybody where it shall be. */
function isKnown(cluster: Cluster, misdeeds: readonly string[], isRefused: boolean): boolean {
  const told = toldBy(cluster)
  const refuses = (node: number): boolean =>
    peersIn(cluster.events(node, 'peer-refused')).includes(liarOf(cluster))
  const hasLied = misdeeds.every(misdeed => (told[misdeed] ?? 0) > 0)
  return hasLied && (!isRefused || cluster.honest.every(refuses))
}

/** Lets the fault last, and asks everybody about it. */
async function watch(run: ScenarioRun, beganAt: number): Promise<HostileReport> {
  const { cluster, record } = run
  const from = record.nowMs()
  const commitsBefore = await commitsOf(run)
  const bytesBefore = cluster.honest.map(node => bytesFromLiar(cluster, node))
  await run.sleep(run.faultMs)
  const bytesAfter = cluster.honest.map(node => bytesFromLiar(cluster, node))
  const commitsAfter = await commitsOf(run)
  const seconds = (record.nowMs() - from) / 1_000
  const honest = await Promise.all(
    cluster.honest.map(async (node, i): Promise<HonestReport> => {
      const counters = await cluster.counters(node)
      return {
        node: cluster.nameOf(node),
        commits: (commitsAfter[node] ?? 0) - (commitsBefore[node] ?? 0),
        committedIndex: commitsAfter[node] ?? 0,
        // A second header for a slot is no malformed message: it is counted and punished as what it is.
        rejected:
          (counters.get(machineEvent('message_rejected')) ?? 0) +
          (counters.get(machineEvent('equivocation')) ?? 0),
        proofs: peersIn(cluster.events(node, 'evidence')).filter(is(liarOf(cluster))).length,
        refused: peersIn(cluster.events(node, 'peer-refused')),
        peakBytes: counters.get('novacron_process_resident_peak_bytes'),
        bytesFromLiar: (bytesAfter[i] ?? 0) - (bytesBefore[i] ?? 0)
      }
    })
  )
  const p50Ms = record.medianMs(beganAt, record.nowMs() - hostileBounds.medianMsMax)
  return { liar: liarOf(cluster), told: toldBy(cluster), p50Ms, seconds, honest }
}

const is =
  (peer: string) =>
  (other: string): boolean =>
    peer === other

/** Whom lines of a log are about. */
function peersIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap(line => /"(?:peer|against)":"([^"]+)"/.exec(line)?.[1] ?? [])
}

function bytesFromLiar({ links, plan }: Cluster, node: number): number {
  const liar = plan.nodes - 1
  return links.link(liar, node).counts.forwardBytes + links.link(node, liar).counts.backwardBytes
}

function liarPlace(cluster: Cluster): number {
  return cluster.plan.nodes - 1
}

function liarOf(cluster: Cluster): string {
  return loadNode(cluster.directoryOf(liarPlace(cluster))).keys.peerId
}

const accountName = 'lies.json'
/** It lies from when there is a file of this name. */
const cueName = 'lie'

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

function hostilePeer(misdeeds: readonly string[], seed: number): Replacement {
  return async ({ directory }, _links, { program, env }) => {
    const io = { program: { ...program, main: hostileMain(program) }, env }
    const log = openSync(join(directory, 'hostile.log'), 'a', 0o600)
    try {
      const args = [directory, misdeeds.join(','), String(seed), accountName, cueName]
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
    what: 'A member signs two headers for each slot: the others agree, and each of them holds the proof.',
    misdeeds: ['equivocate', 'vote-for-all'],
    isProvable: true,
    isRefused: true
  }),
  hostile({
    name: 'hostile-flood',
    what: 'A member sends everything up to twenty times, and frames of nonsense: it is refused, the others go on.',
    misdeeds: ['flood', 'nonsense'],
    isRefused: true
  }),
  hostile({
    name: 'hostile-oversized',
    what: 'A member fills every stream with the largest frames that it may send: it is refused, memory stays bounded.',
    misdeeds: ['largest'],
    isRefused: true
  }),
  hostile({
    name: 'hostile-replay',
    what: 'A member says again what it has heard, and signs for rounds and epochs far ahead: it is refused.',
    misdeeds: ['replay', 'far-future', 'wrong-epoch'],
    isRefused: true
  }),
  hostile({
    name: 'hostile-withhold',
    what: 'A member sends nothing to some, and keeps its certificates from others: nobody is left behind or blamed.',
    misdeeds: ['withhold', 'withhold-certificates']
  })
]
