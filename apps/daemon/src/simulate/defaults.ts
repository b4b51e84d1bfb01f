/** Options of `simulate` that a replay need not name. */
export const simulateDefaults = { replicas: 10, virtualMs: 20_000, seed: 1 } as const

/** The simulator's own bound, said again here since the help of a verb does not load the simulator. */
export const replicasMax = 1_024
