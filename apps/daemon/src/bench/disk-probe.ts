import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileTroubleOf } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { rounded } from '../settings.ts'
import { quantileOf } from './quantile.ts'

/** What it costs to make one block durable on a disk that the benchmark does not use at that time. */
export interface DiskReading {
  readonly syncs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Of the time, how much went by in syncs of more than 20 ms: whatever waits for the disk then is late by so much. */
  readonly stalledShare: number
}

const blockBytes = 4_096
/** About as often as a daemon that has little to do. */
const pauseMs = 3
const stallMs = 20

/**
 * Appends blocks where the daemons' data will be, and syncs each, for `forMs`. A disk that several machines share stops for
 * tenths of a second now and then, which no log that promises durability can hide: with it a run's p99 says little.
 *
 * throws  Fault<CommandFacts> when nothing can be written there
 */
export async function probeDisk(
  forMs: number,
  signal: AbortSignal,
  parent: string = tmpdir()
): Promise<DiskReading> {
  try {
    return await syncBlocks(forMs, signal, parent)
  } catch (error) {
    const { reason, remedy } = fileTroubleOf(error) ?? {
      reason: (error as Error).message,
      remedy: 'choose another path'
    }
    const text = `${parent} cannot be used (${reason}); ${remedy}; TMPDIR names it`
    throw commandFault('failed', text, error)
  }
}

async function syncBlocks(
  forMs: number,
  signal: AbortSignal,
  parent: string
): Promise<DiskReading> {
  const directory = await mkdtemp(join(parent, 'novacron-disk-'))
  const syncsMs: number[] = []
  const startedAt = performance.now()
  let elapsedMs = 0
  try {
    await using file = await open(join(directory, 'blocks'), 'w')
    const block = new Uint8Array(blockBytes)
    do {
      await file.write(block)
      const syncedFrom = performance.now()
      await file.datasync()
      syncsMs.push(performance.now() - syncedFrom)
      await setTimeout(pauseMs)
      elapsedMs = performance.now() - startedAt
    } while (elapsedMs < forMs && !signal.aborted)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return readingOf(syncsMs, elapsedMs)
}

/** syncsMs: at least one. */
export function readingOf(syncsMs: readonly number[], elapsedMs: number): DiskReading {
  const sorted = [...syncsMs].sort((a, b) => a - b)
  const at = (share: number) => rounded(quantileOf(sorted, share))
  const stalledMs = sorted.filter(ms => ms > stallMs).reduce((sum, ms) => sum + ms, 0)
  return {
    syncs: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    stalledShare: rounded(stalledMs / elapsedMs, 4)
  }
}

export function describeDisk({ p50Ms, p99Ms, maxMs, stalledShare }: DiskReading): string {
  const share = (100 * stalledShare).toFixed(1)
  return `alone, before: sync p50 ${p50Ms}  p99 ${p99Ms}  max ${maxMs} ms, ${share} % of the time in syncs of more than ${stallMs} ms`
}
