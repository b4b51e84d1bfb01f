import type { MempoolOptions } from './options.ts'

/** How an author's batch goes to everyone: with headers and votes, past what left before it as bulk, or as bulk itself. */
export type Lane = 'order' | 'bulk'

/** `copies`: how many members it is sent to. Who sends it and who waits for it come to the same. */
export function laneOf(
  sizeBytes: number,
  copies: number,
  { besideHeaderBytesMax }: Pick<MempoolOptions, 'besideHeaderBytesMax'>
): Lane {
  return sizeBytes * copies <= besideHeaderBytesMax ? 'order' : 'bulk'
}
