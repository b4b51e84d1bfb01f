/** Options of `simulate` that a replay need not name. */
export const simulateDefaults = { replicas: 10, virtualMs: 20_000, seed: 1 } as const
