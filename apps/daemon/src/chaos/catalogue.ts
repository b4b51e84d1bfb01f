import type { Scenario } from './scenario.ts'
import { clientScenarios } from './scenarios/client.ts'
import { damageScenarios } from './scenarios/damage.ts'
import { diskScenarios } from './scenarios/disk.ts'
import { hostileScenarios } from './scenarios/hostile.ts'
import { linkScenarios } from './scenarios/link.ts'
import { partitionScenarios } from './scenarios/partition.ts'
import { processScenarios } from './scenarios/process.ts'
import { strangerScenarios } from './scenarios/stranger.ts'
import { timeScenarios } from './scenarios/time.ts'
import { simulatedScenarios } from './simulated/index.ts'

/** Everything that can be done to a network, in the order in which `all` does it. */
export const catalogue: readonly Scenario[] = [
  ...processScenarios,
  ...partitionScenarios,
  ...linkScenarios,
  ...clientScenarios,
  ...strangerScenarios,
  ...hostileScenarios,
  ...damageScenarios,
  ...timeScenarios,
  ...diskScenarios,
  ...simulatedScenarios
]
