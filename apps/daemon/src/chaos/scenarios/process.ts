import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { showMs } from '../../settings.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { leaderOf } from './leader.ts'
import { commitsOf, othersGoOn, until, victimOf } from './steps.ts'

const backMs = 60_000

/**
 * The daemon runs again, is connected to all others, and has what these had committed when this was asked; tells otherwise. Of four,
 * one that still lacks a link and one that is killed next are two that fail.
 */
async function isBack(run: ScenarioRun, node: number): Promise<void> {
  const target = Math.max(...(await commitsOf(run)))
  const came = await until(run, backMs, async () => {
    const status = await run.cluster.status(node)
    if (status?.state !== 'running') return false
    if (status.peersConnected < run.cluster.honest.length - 1) return false
    return status.committedIndex >= target
  })
  run.expect(came, `${run.cluster.nameOf(node)} did not come back`)
}

/** Its process ends in the middle of whatever it does. */
async function kill(run: ScenarioRun, node: number): Promise<void> {
  await run.cluster.kill(node)
  run.count('kills')
}

/** What it takes to be as before is counted from here on. */
function startAgain(run: ScenarioRun, node: number): void {
  run.healed()
  run.cluster.start(node)
}

/** Killed, started again and waited for; the others go on meanwhile. */
async function killOnce(run: ScenarioRun, victim: number): Promise<void> {
  await othersGoOn(run, [victim], async () => {
    await kill(run, victim)
    startAgain(run, victim)
    await isBack(run, victim)
  })
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
        await kill(run, victim)
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
      const deadline = run.record.nowMs() + run.faultMs
      let killed = 0
      for (let asked = 0; killed < 2 || run.record.nowMs() < deadline; killed++) {
        const leader = await leaderOf(run, asked, 'committed')
        await killOnce(run, leader)
        asked = run.cluster.honest.find(node => node !== leader) ?? 0
      }
      run.note(`${killed} leaders killed`)
    }
  },
  {
    kind: 'real',
    name: 'kill-9-mid-write',
    also: 'dwcp-22',
    what: 'Daemons are killed in the middle of their writes, at drawn moments, each when the last one is back.',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    faultMs: 5_000,
    run: async run => {
      const deadline = run.record.nowMs() + run.faultMs
      const hit = new Set<number>()
      let killed = 0
      for (; killed < 2 || run.record.nowMs() < deadline; killed++) {
        await run.sleep(400 * run.random())
        const victim = victimOf(run)
        hit.add(victim)
        await killOnce(run, victim)
      }
      run.note(`killed ${killed} times, ${hit.size} different daemons`)
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
      await Promise.all(run.cluster.honest.map(node => kill(run, node)))
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
      const deadline = run.record.nowMs() + run.faultMs
      const hit = new Set<number>()
      let killed = 0
      for (; run.record.nowMs() < deadline; killed++) {
        const victim = victimOf(run)
        hit.add(victim)
        await kill(run, victim)
        startAgain(run, victim)
        await run.sleep(200 + 600 * run.random())
      }
      // Several may be down at once, so nobody can be asked to go on.
      await Promise.all([...hit].map(node => isBack(run, node)))
      run.note(`killed ${killed} times`)
    }
  }
]

/** Of a daemon that is to go on as if nothing had been. */
const stillMsMax = 20_000

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
        const stillMs = Math.min(run.faultMs, stillMsMax)
        if (stillMs < run.faultMs)
          run.note(`stood still for ${showMs(stillMs)}, the longest it may`)
        await run.sleep(stillMs)
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
      const deadline = run.record.nowMs() + run.faultMs
      while (run.record.nowMs() < deadline) {
        const victim = victimOf(run)
        await othersGoOn(run, [victim], async () => {
          run.cluster.pause(victim)
          await run.sleep(2_000)
          run.cluster.resume(victim)
        })
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
