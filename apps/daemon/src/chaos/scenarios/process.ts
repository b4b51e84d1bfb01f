import type { RealScenario } from '../scenario.ts'

/** Faults of processes: they die, stand still, and come back. */
export const processScenarios: readonly RealScenario[] = [
  {
    kind: 'real',
    name: 'kill-9',
    what: 'One daemon is killed; the others go on, and it comes back with all that it had promised.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 2_000,
    run: async run => {
      const victim = Math.floor(run.random() * run.cluster.honest.length)
      await run.cluster.kill(victim)
      await run.sleep(run.faultMs)
    }
  }
]
