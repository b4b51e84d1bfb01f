import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ControlClient, findControlSocket } from '../../packages/node/dist/index.js'
import type { MemorySample } from './memory.ts'

/** One look at one daemon. */
export interface SoakSample extends MemorySample {
  /** Of resident memory, what are pages of files: the tables of the database. */
  readonly rssFileBytes: number
  /** Used, of JavaScript. */
  readonly heapBytes: number
  /** Of buffers. */
  readonly externalBytes: number
  readonly openFiles: number
  readonly loopLagSeconds: number
  readonly executedIndex: number
  readonly checkpointIndex: number
}

const blockBytes = 512

/** Data directories of the daemons that run below a directory, at any depth. */
export function findHomes(directory: string): readonly string[] {
  const entries = entriesOf(directory)
  if (entries.some(({ name }) => name === 'lock')) return [directory]
  const inner = entries.filter(entry => entry.isDirectory())
  return inner.flatMap(({ name }) => findHomes(join(directory, name))).sort()
}

/** @throws when the daemon is not there, or does not answer */
export async function sampleDaemon(home: string, atSeconds: number): Promise<SoakSample> {
  const pid = Number(/\d+/.exec(readFileSync(join(home, 'lock'), 'utf8'))?.[0])
  const memory = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1]) * 1024
  const client = new ControlClient({ socketPath: findControlSocket(home) })
  const status = await client.call('node.status', {})
  const metrics = await (await fetch(`${status.sockets.health}/metrics`)).text()
  return {
    atSeconds,
    node: status.name,
    rssBytes: kibOf('VmRSS'),
    peakRssBytes: kibOf('VmHWM'),
    rssFileBytes: kibOf('RssFile'),
    heapBytes: metric(metrics, 'novacron_process_heap_bytes'),
    externalBytes: metric(metrics, 'novacron_process_external_bytes'),
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    diskBytes: allocatedBytes(home),
    loopLagSeconds: metric(metrics, 'novacron_process_event_loop_lag_seconds'),
    executedIndex: status.executedIndex,
    checkpointIndex: status.checkpointIndex
  }
}

/** Of all files below; those that go away meanwhile do not count. */
function allocatedBytes(directory: string): number {
  let bytes = 0
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) bytes += allocatedBytes(path)
    else if (entry.isFile()) {
      bytes += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes
    }
  }
  return bytes
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find(each => each.startsWith(`${name} `))
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1))
}
