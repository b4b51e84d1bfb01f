import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataPathsOf, defaultNodeOptions, type NodeOptions } from '@novacron/node'
import { nameOfNode } from '../../devnet/layout.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { othersGoOn, submitLarge, until } from './steps.ts'

const mib = 1024 * 1024
/** Room for a run of some seconds, and less than the file that fills it. */
const volumeBytes = 128 * mib
const fullMs = 60_000
const victim = 0
/** The quota several times over. */
const quotaSubmissionsMax = 800
const largeBytes = 100_000

function mount(directory: string): void {
  const options = `size=${volumeBytes},mode=0700`
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
}

function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory], { stdio: 'ignore' })
}

/** Why no file system of a chosen size can be had; undefined when it can. */
function noMounts(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'novacron-mount-'))
  try {
    mount(directory)
    unmount(directory)
    return undefined
  } catch {
    return 'mounting a file system of a chosen size is not allowed here; disk-quota is'
  } finally {
    rmdirSync(directory)
  }
}

/** The directory of the victim lies on a small file system of its own. */
function onVolume(root: string): Disposable {
  const directory = join(root, nameOfNode(victim))
  mkdirSync(directory, { mode: 0o700 })
  mount(directory)
  return { [Symbol.dispose]: () => unmount(directory) }
}

/** Leaves `freeBytes`, as somebody else's file would. */
function fill(directory: string, freeBytes: number): string {
  const path = join(directory, 'ballast')
  const { bavail, bsize } = statfsSync(directory)
  try {
    writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
  } catch (error) {
    // The daemon was faster with the last bytes: full it is all the same.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
  return path
}

/** The victim tells that its disk is full, or ends with clear words; the others go on. */
async function seesFullDisk(run: ScenarioRun): Promise<void> {
  const { cluster } = run
  const daemon = cluster.daemon(victim)
  const isSeen = await until(run, fullMs, async () => {
    return !daemon.isRunning || (await cluster.status(victim))?.state === 'disk-full'
  })
  run.expect(isSeen, `${cluster.nameOf(victim)} did not notice that its disk is full`)
  if (daemon.isRunning) return
  const words = daemon.lastWords() ?? ''
  run.note(`it ended: ${words || 'without a word'}`)
  run.expect(words !== '' && !words.includes('unexpected:'), 'it ended without saying why')
}

const limits = (change: Partial<NodeOptions['limits']>): Partial<NodeOptions> => ({
  limits: { ...defaultNodeOptions.limits, ...change }
})

/** The disk of one daemon runs full while it runs, and has room again. */
function fullDisk(
  name: string,
  what: string,
  reserveBytes: number,
  freeBytes: number
): RealScenario {
  return {
    kind: 'real',
    name,
    what,
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 2_000,
    skip: noMounts,
    plan: () => ({
      prepare: onVolume,
      options: node => (node === victim ? limits({ diskFreeBytes: reserveBytes }) : {})
    }),
    run: async run => {
      const ballast = fill(run.cluster.directoryOf(victim), freeBytes)
      await othersGoOn(run, [victim], async () => {
        await seesFullDisk(run)
        await run.sleep(run.faultMs)
      })
      rmSync(ballast)
    }
  }
}

/** Faults of disks that have no room. */
export const diskScenarios: readonly RealScenario[] = [
  {
    ...fullDisk(
      'disk-full',
      'The file system of one daemon has less room than the daemon wants to leave free.',
      16 * mib,
      8 * mib
    ),
    also: 'dwcp-17'
  },
  fullDisk(
    'disk-full-to-the-last-byte',
    'The file system of one daemon is full, and the daemon was told to use it all.',
    0,
    0
  ),
  {
    kind: 'real',
    name: 'disk-quota',
    what: 'One daemon has used the bytes that it may use; it goes on when it may use more.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 2_000,
    plan: () => ({
      options: node => (node === victim ? limits({ diskBytes: 16 * mib }) : {})
    }),
    run: async run => {
      const { cluster } = run
      await othersGoOn(run, [victim], async () => {
        const isFull = async (): Promise<boolean> =>
          (await cluster.status(victim))?.state === 'disk-full'
        let taken = 0
        const isKept = await until(run, fullMs, async () => {
          for (const node of cluster.honest) {
            if (await submitLarge(run, node, largeBytes)) taken++
          }
          return taken >= quotaSubmissionsMax || (await isFull())
        })
        run.expect(
          isKept && taken < quotaSubmissionsMax,
          `${cluster.nameOf(victim)} did not keep to its quota`
        )
        await run.sleep(run.faultMs)
      })
      await cluster.kill(victim)
      const path = dataPathsOf(cluster.directoryOf(victim)).config
      const config = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(path, JSON.stringify({ ...config, limits: defaultNodeOptions.limits }))
    }
  }
]
