import { type Behaviour, behaviourNames } from '@novacron/simulator'

/** What goes out besides the frames of the machine: random bytes, and random bytes of the largest size. */
export const noises = ['nonsense', 'largest'] as const
export type Noise = (typeof noises)[number]

/** Ways of the simulator's liars, and what only a real wire can be made to carry. */
export type Misdeed = Behaviour | Noise

/** Two copies of a key are two processes, not one. */
export const misdeedNames: readonly Misdeed[] = [
  ...behaviourNames.filter(name => name !== 'twins'),
  ...noises
]

/** @throws {RangeError} naming the first that there is not */
export function checkMisdeeds(names: readonly string[]): readonly Misdeed[] {
  const unknown = names.find(name => !misdeedNames.some(known => known === name))
  if (unknown !== undefined) throw new RangeError(`${unknown} is none of ${misdeedNames.join(' ')}`)
  return names as readonly Misdeed[]
}

export function isNoise(misdeed: Misdeed): misdeed is Noise {
  return noises.some(noise => noise === misdeed)
}
