import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { dataPathsOf } from '@novacron/node'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { othersGoOn, until, victimOf } from './steps.ts'

const backMs = 60_000
const flipsPerFile = 16

/** Without the zeros at its end, which a log is made longer by beforehand: damage to them is none. */
function contentBytesOf(path: string): number {
  const bytes = readFileSync(path)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** Flips bits of a file at drawn places. */
function flip(path: string, random: () => number): void {
  const size = contentBytesOf(path)
  const file = openSync(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    for (let i = 0; i < Math.min(flipsPerFile, size); i++) {
      const at = Math.floor(random() * size)
      readSync(file, byte, 0, 1, at)
      byte[0] = (byte[0] ?? 0) ^ (1 << Math.floor(random() * 8))
      writeSync(file, byte, 0, 1, at)
    }
  } finally {
    closeSync(file)
  }
}

function cutShort(path: string, random: () => number): void {
  truncateSync(path, Math.floor(contentBytesOf(path) * random()))
}

function filesOf(directory: string, pattern: RegExp): readonly string[] {
  return readdirSync(directory)
    .filter(name => pattern.test(name))
    .map(name => join(directory, name))
}

const databaseFiles = /\.(log|ldb)$/

/** What an operator does about a directory that a node refuses, from the mildest on; keys and configuration stay. */
const remedies: readonly ((directory: string) => void)[] = [
  directory => remove(directory, ['database']),
  directory => remove(directory, ['database', 'batches']),
  directory => remove(directory, ['database', 'batches', 'signedLog'])
]

function remove(directory: string, parts: readonly ('database' | 'batches' | 'signedLog')[]): void {
  const paths = dataPathsOf(directory)
  for (const part of parts) rmSync(paths[part], { recursive: true, force: true })
}

/**
 * Starts a damaged node until it takes part again. It may refuse, if it says why in one line; then an operator's remedy
 * follows.
 */
async function bringBack(run: ScenarioRun, victim: number): Promise<void> {
  const { cluster } = run
  for (const remedy of [undefined, ...remedies]) {
    remedy?.(cluster.directoryOf(victim))
    run.healed()
    const daemon = cluster.start(victim)
    const target = Math.max(...(await executedOf(run)))
    const hasEnded = await until(run, backMs, async () => {
      if (!daemon.isRunning) return true
      const status = await cluster.status(victim)
      return status?.state === 'running' && status.executedIndex >= target
    })
    if (daemon.isRunning) {
      run.expect(hasEnded, `${cluster.nameOf(victim)} runs and does not catch up`)
      return
    }
    const words = daemon.lastWords()
    run.note(`it refused: ${words ?? daemon.crash ?? 'without a word'}`)
    const isClear = words !== undefined && !words.includes('unexpected:')
    run.expect(
      isClear,
      `${cluster.nameOf(victim)} ended without saying why: ${words ?? daemon.crash}`
    )
  }
  run.expect(false, `${cluster.nameOf(victim)} does not start even on an empty directory`)
}

async function executedOf({ cluster }: ScenarioRun): Promise<readonly number[]> {
  const statuses = await Promise.all(cluster.honest.map(node => cluster.status(node)))
  return statuses.map(status => status?.executedIndex ?? 0)
}

/** One daemon is killed, its directory is changed while it is down, and it is started again. */
function whileDown(
  name: string,
  what: string,
  change: (directory: string, random: () => number) => void
): RealScenario {
  return {
    kind: 'real',
    name,
    what,
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 500,
    isDamaging: true,
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        await run.cluster.kill(victim)
        change(run.cluster.directoryOf(victim), run.random)
        await run.sleep(run.faultMs)
        await bringBack(run, victim)
      })
    }
  }
}

/** Faults of what lies on the disk of a daemon that is down. It refuses clearly or recovers, and never signs twice. */
export const damageScenarios: readonly RealScenario[] = [
  whileDown(
    'database-corrupted',
    'Bits of database files are flipped while it is down.',
    (at, random) => {
      for (const file of filesOf(dataPathsOf(at).database, databaseFiles)) flip(file, random)
    }
  ),
  whileDown(
    'database-truncated',
    'Database files are cut short while it is down.',
    (at, random) => {
      for (const file of filesOf(dataPathsOf(at).database, databaseFiles)) cutShort(file, random)
    }
  ),
  whileDown('database-manifest-lost', 'The database has lost its list of files.', at => {
    for (const file of filesOf(dataPathsOf(at).database, /^MANIFEST-/)) rmSync(file)
  }),
  whileDown(
    'segments-corrupted',
    'Bits of batch segments are flipped while it is down.',
    (at, random) => {
      for (const file of filesOf(dataPathsOf(at).batches, /./)) flip(file, random)
    }
  ),
  whileDown(
    'segments-truncated',
    'Batch segments are cut short while it is down.',
    (at, random) => {
      for (const file of filesOf(dataPathsOf(at).batches, /./)) cutShort(file, random)
    }
  ),
  whileDown(
    'signed-log-corrupted',
    'Bits of the record of signatures are flipped.',
    (at, random) => {
      flip(dataPathsOf(at).signedLog, random)
    }
  ),
  whileDown('signed-log-truncated', 'The record of signatures is cut short.', (at, random) => {
    cutShort(dataPathsOf(at).signedLog, random)
  }),
  whileDown('signed-log-lost', 'The record of signatures is gone.', at => {
    rmSync(dataPathsOf(at).signedLog)
  }),
  whileDown(
    'data-wiped',
    'Everything but keys and configuration is gone, as with a new disk.',
    at => {
      remove(at, ['database', 'batches', 'signedLog'])
    }
  ),
  {
    kind: 'real',
    name: 'stale-copy-restored',
    what: 'A copy of the directory from before is put back; what was signed since is not signed again.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 2_000,
    run: async run => {
      const { cluster } = run
      const victim = victimOf(run)
      const directory = cluster.directoryOf(victim)
      const copy = join(cluster.root, 'copy')
      await othersGoOn(run, [victim], async () => {
        await cluster.kill(victim)
        cpSync(directory, copy, { recursive: true, filter: path => !path.endsWith('.sock') })
        cluster.start(victim)
        await until(run, backMs, async () => (await cluster.status(victim))?.state === 'running')
        await run.sleep(run.faultMs)
        await cluster.kill(victim)
        // The log is ours, not the node's: what it says of evidence counts.
        for (const part of ['db', 'batches', 'signed.log', 'lock']) {
          rmSync(join(directory, part), { recursive: true, force: true })
        }
        cpSync(copy, directory, { recursive: true, filter: path => !path.includes('/logs') })
        rmSync(copy, { recursive: true })
        await bringBack(run, victim)
      })
    }
  }
]
