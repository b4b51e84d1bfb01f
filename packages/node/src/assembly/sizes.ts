import { envelopeHeaderBytes } from '@novacron/execution'
import type { ClusterOptions } from '../config/cluster-options.ts'
import { defaultIngestOptions } from '../ingest/options.ts'

type Sizes = Pick<ClusterOptions, 'batchBytesMax' | 'transactionBytesMax'>

/** A frame of the ingest socket holds the largest transaction at least. */
export function ingestFrameBytes({ transactionBytesMax }: Sizes): number {
  return Math.max(defaultIngestOptions.frameBytesMax, envelopeHeaderBytes + transactionBytesMax)
}

/** Around the transactions of a batch: its header, and those of the messages that carry it. */
const batchOverheadBytes = 1_024

/** The largest batch that a member of the chain may make, as a frame: what was submitted at once is never cut. */
export function batchFrameBytes(sizes: Sizes): number {
  return Math.max(sizes.batchBytesMax, ingestFrameBytes(sizes)) + batchOverheadBytes
}
