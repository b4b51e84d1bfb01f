import { createHash } from 'node:crypto'
import { Prng } from '@novacron/base'

/** Draws from 0 to 1 that follow from a text, so that what draws more or less does not change what others draw. */
export function randomOf(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest()
  const prng = new Prng(digest.readUIntBE(0, 6))
  return () => prng.fraction()
}
