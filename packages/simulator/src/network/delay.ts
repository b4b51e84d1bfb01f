import { assert, type Prng } from '@novacron/base'

/** How long something takes, in milliseconds. */
export type Delay =
  | { readonly type: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly type: 'exponential'; readonly minMs: number; readonly meanMs: number }
  /** Pareto: most are near `minMs`, a few are as long as `maxMs`. The smaller the shape, the heavier the tail. */
  | {
      readonly type: 'heavy-tail'
      readonly minMs: number
      readonly shape: number
      readonly maxMs: number
    }

export function drawDelay(delay: Delay, prng: Prng): number {
  switch (delay.type) {
    case 'uniform':
      return delay.fromMs + prng.fraction() * (delay.toMs - delay.fromMs)
    case 'exponential':
      return delay.minMs - Math.log(1 - prng.fraction()) * delay.meanMs
    case 'heavy-tail':
      return Math.min(delay.maxMs, delay.minMs * (1 - prng.fraction()) ** (-1 / delay.shape))
  }
}

export function checkDelay(delay: Delay): void {
  assert(typeof delay === 'object' && delay !== null, 'a delay')
  const numbers = Object.values(delay).filter(value => typeof value === 'number')
  assert(
    numbers.every(value => Number.isFinite(value) && value >= 0),
    'delays are finite and >= 0'
  )
  if (delay.type === 'uniform') assert(delay.fromMs <= delay.toMs, 'fromMs <= toMs')
  if (delay.type === 'heavy-tail') {
    assert(delay.shape > 0 && delay.minMs <= delay.maxMs, 'shape > 0 and minMs <= maxMs')
  }
}
