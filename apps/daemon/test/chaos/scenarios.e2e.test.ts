import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { catalogue } from '../../src/chaos/catalogue.ts'
import { Cluster } from '../../src/chaos/cluster.ts'
import { LoadRecord } from '../../src/chaos/load-record.ts'
import { randomOf } from '../../src/chaos/random.ts'
import type { RealScenario, ScenarioRun } from '../../src/chaos/scenario.ts'
import { captureIo } from '../capture-io.ts'

/** A fault no longer than it takes; whether commits recover in time is for the command to see. */
const faultMs = 50
const io = captureIo({ env: process.env })
/** Those with a liar among the members need load and time to show anything: hostile.e2e.test.ts. */
const real = catalogue
  .filter(scenario => scenario.kind === 'real')
  .filter(({ plan }) => plan?.(4, () => 0).replaced === undefined)

/** Does what a scenario does, without load; what it expected and did not find comes back. */
async function attempt(scenario: RealScenario, cluster: Cluster): Promise<readonly string[]> {
  const faults: string[] = []
  const run: ScenarioRun = {
    cluster,
    record: new LoadRecord(1_000, 4),
    random: randomOf(scenario.name),
    faultMs,
    signal: io.signal,
    io,
    note: () => undefined,
    count: () => undefined,
    healed: () => undefined,
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    expect: (isAsExpected, otherwise) => {
      if (!isAsExpected) faults.push(otherwise)
    }
  }
  await scenario.run(run)
  await scenario.heal?.(run)
  cluster.heal()
  return faults
}

/** Every daemon runs and is connected to all others, and nobody was accused. */
async function expectWell(cluster: Cluster): Promise<void> {
  const statuses = () =>
    Promise.all(
      cluster.honest.map(async node => {
        const status = await cluster.status(node)
        return [status?.state, status?.peersConnected, status?.reasons]
      })
    )
  const well = ['running', cluster.honest.length - 1, []]
  await expect.poll(statuses).toEqual(cluster.honest.map(() => well))
  expect(cluster.evidence()).toEqual([])
}

/** Without load nobody need commit in the twentieth of a second that a fault takes here. */
const isOfCommits = (fault: string) =>
  /did not (commit|go on)|too little was committed|commits stopped|leaders? (was missed|were cut off)/.test(
    fault
  )

describe('on one network after the other', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 4 }, io, randomOf('links'))
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test.each(real.filter(({ plan }) => plan === undefined))('$name is healed', async scenario => {
    const faults = await attempt(scenario, cluster)
    expect(faults.filter(fault => !isOfCommits(fault))).toEqual([])
    await expectWell(cluster)
  })
})

test.each(real.filter(({ plan }) => plan !== undefined))(
  '$name is healed on a network of its own',
  async scenario => {
    if (scenario.skip?.() !== undefined) return
    const cluster = await Cluster.start({ nodes: 4, ...scenario.plan?.(4, () => 0) }, io, () => 0)
    onTestFinished(() => cluster[Symbol.asyncDispose]())
    const faults = await attempt(scenario, cluster)
    expect(faults.filter(fault => !isOfCommits(fault))).toEqual([])
    await expectWell(cluster)
  }
)
