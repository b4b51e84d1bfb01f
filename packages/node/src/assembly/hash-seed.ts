import { randomFillSync } from 'node:crypto'
import type { HashSeed } from '@novacron/execution'

/** Of the index of keys, for the life of a process: nobody outside knows it. */
export function randomHashSeed(): HashSeed {
  const [low, high] = randomFillSync(new Uint32Array(2))
  return [low as number, high as number]
}
