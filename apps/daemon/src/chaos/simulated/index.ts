import type { SimulatedScenario } from '../scenario.ts'
import { byzantineScenarios } from './byzantine.ts'
import { epochScenarios } from './epoch.ts'
import { simulatedFailureScenarios } from './failure.ts'
import { simulatedPartitionScenarios } from './partition.ts'

/** Committees larger than what a machine can run as processes, or with liars, by their numbers. */
export const simulatedScenarios: readonly SimulatedScenario[] = [
  ...byzantineScenarios,
  ...simulatedPartitionScenarios,
  ...simulatedFailureScenarios,
  ...epochScenarios
].sort((a, b) => (a.name < b.name ? -1 : 1))
