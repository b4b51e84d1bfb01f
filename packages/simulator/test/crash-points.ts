import { type CrashPoint, type DriverLaw, quietScenario, type Scenario } from '../src/index.ts'

const points = ['before', 'written', 'flushed', 'sent'] as const
const losses = ['lost', 'partly', 'kept'] as const

/** A checkpoint in one piece, and in many, each with a persist of its own. */
const sealings = [{}, { sealBytesMin: 1, sealBytesMax: 600, sealDelayMs: 5 }] as const

/**
 * The `number`-th of a walk through all persists in turn: every replica, every point of a persist, every fate of what was not
 * synced, alone and with the power gone for all. Two crashes each, at different replicas.
 */
export function crashPointScenario(number: number, law: DriverLaw): Scenario {
  const crashPoints = [0, 1].map(
    (second): CrashPoint => ({
      place: (number + 2 * second) % 4,
      persist: 1 + 2 * Math.floor(number / 4) + 40 * second,
      point: points[(Math.floor(number / 4) + number + second) % 4] as CrashPoint['point'],
      loss: losses[Math.floor(number / 3) % 3] as CrashPoint['loss'],
      downMs: 5 + ((number * 37) % 200),
      isForAll: number % 5 === 0
    })
  )
  return {
    ...quietScenario,
    seed: 1_000 + number,
    replica: { ...quietScenario.replica, ...sealings[number % 2] },
    law,
    crashPoints,
    chaosMs: 1_000,
    loadAfterMs: 100,
    livenessMs: 15_000
  }
}
