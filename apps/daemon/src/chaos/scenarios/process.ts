import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { leaderOf } from './leader.ts'
import { commitsOf, othersGoOn, until, victimOf } from './steps.ts'

const backMs = 20_000

/** The daemon runs again and takes part; tells otherwise. */
async function isBack(run: ScenarioRun, node: number): Promise<void> {
  const came = await until(run, backMs, async () => {
    const status = await run.cluster.status(node)
    return status?.state === 'running' && status.peersConnected > 0
  })
  run.expect(came, `${run.cluster.nameOf(node)} did not come back`)
}

const kills: readonly RealScenario[] = [
  {
    kind: 'real',
    name: 'kill-9',
    what: 'One daemon is killed; the others go on, and it comes back with all that it had promised.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 2_000,
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        await run.cluster.kill(victim)
        await run.sleep(run.faultMs)
      })
    }
  },
  {
    kind: 'real',
    name: 'kill-9-leader',
    what: 'Whoever led last is killed, one after the other as they come back.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 4_000,
    run: async run => {
      const deadline = performance.now() + run.faultMs
      let killed = 0
      for (let asked = 0; killed < 2 || performance.now() < deadline; ) {
        const leader = await leaderOf(run, asked, 'committed')
        await run.cluster.kill(leader)
        killed++
        asked = run.cluster.honest.find(node => node !== leader) ?? 0
        run.healed()
        run.cluster.start(leader)
        await isBack(run, leader)
      }
      run.note(`${killed} leaders killed`)
    }
  },
  {
    kind: 'real',
    name: 'kill-9-mid-write',
    also: 'dwcp-22',
    what: 'One daemon is killed again and again in the middle of its writes, at drawn moments.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 5_000,
    run: async run => {
      const victim = victimOf(run)
      const deadline = performance.now() + run.faultMs
      let killed = 0
      while (killed < 2 || performance.now() < deadline) {
        await isBack(run, victim)
        await run.sleep(400 * run.random())
        await run.cluster.kill(victim)
        killed++
        run.cluster.start(victim)
      }
      run.note(`killed ${killed} times`)
    }
  },
  {
    kind: 'real',
    name: 'kill-9-all',
    what: 'All daemons are killed at once, as when the power goes.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 500,
    run: async run => {
      await Promise.all(run.cluster.honest.map(node => run.cluster.kill(node)))
      await run.sleep(run.faultMs)
    }
  },
  {
    kind: 'real',
    name: 'restart-storm',
    what: 'Daemons are killed and started again at drawn moments, without waiting for each other.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 4_000,
    run: async run => {
      const deadline = performance.now() + run.faultMs
      let killed = 0
      while (performance.now() < deadline) {
        const victim = victimOf(run)
        await run.cluster.kill(victim)
        run.cluster.start(victim)
        killed++
        await run.sleep(200 + 600 * run.random())
      }
      run.note(`killed ${killed} times`)
    }
  }
]

const pauses: readonly RealScenario[] = [
  {
    kind: 'real',
    name: 'sigstop',
    what: 'One daemon stands still, and goes on as if nothing had been; up to 20 s by --duration.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 4_000,
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        run.cluster.pause(victim)
        await run.sleep(Math.min(run.faultMs, 20_000))
      })
    }
  },
  {
    kind: 'real',
    name: 'event-loop-block',
    what: 'Daemons stand still for 2 s, in turn.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 4_000,
    run: async run => {
      const deadline = performance.now() + run.faultMs
      while (performance.now() < deadline) {
        const victim = victimOf(run)
        run.cluster.pause(victim)
        await run.sleep(2_000)
        run.cluster.resume(victim)
      }
    }
  },
  {
    kind: 'real',
    name: 'cpu-saturation',
    also: 'dwcp-18',
    what: 'Other processes take every processor; commits get slower and do not stop.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 4_000,
    run: async run => {
      const args = ['-e', 'for (;;);']
      const busy = Array.from({ length: availableParallelism() }, () =>
        spawn(process.execPath, args, { stdio: 'ignore' })
      )
      try {
        const before = await commitsOf(run)
        await run.sleep(run.faultMs)
        const after = await commitsOf(run)
        const isMoving = run.cluster.honest.every(node => (after[node] ?? 0) > (before[node] ?? 0))
        run.expect(isMoving, 'commits stopped')
      } finally {
        for (const child of busy) child.kill('SIGKILL')
      }
    }
  }
]

/** Faults of processes: they die, stand still, starve, and come back. */
export const processScenarios: readonly RealScenario[] = [...kills, ...pauses]
