import { describe, expect, test } from 'vitest'
import {
  drawScenario,
  endOf,
  type FaultSpecification,
  faultKinds,
  kindOf,
  parseFaultSpecification,
  planScenario,
  refuseFaults,
  type Scenario
} from '../src/index.ts'
import { checkScenario } from '../src/scenario.ts'

const plan = {
  replicas: 7,
  chaosMs: 8_000,
  liars: undefined,
  faults: undefined,
  roundTripsMs: undefined
}

function specificationOf(text: string): FaultSpecification {
  const parsed = parseFaultSpecification(text, faultKinds)
  if ('code' in parsed) throw new Error(parsed.code)
  return parsed
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)

describe('a plan', () => {
  test('without more is the swarm, for so long and so many', () => {
    expect(planScenario(plan, 3)).toEqual(drawScenario(3, { replicas: 7, chaosMs: 8_000 }))
  })

  test('may be as short as a millisecond', () => {
    for (const seed of seeds) checkScenario(planScenario({ ...plan, chaosMs: 1 }, seed))
  })

  test('of no faults is a quiet time in a drawn world', () => {
    const { faults, crashPoints, network, clockSkewMsMax, gone, byzantine } = planScenario(
      { ...plan, faults: specificationOf('none') },
      3
    )
    expect([faults, crashPoints, gone, byzantine, clockSkewMsMax]).toEqual([[], [], [], [], 0])
    expect(network).toMatchObject({ lossPercent: 0, duplicatePercent: 0, isFifo: true })
  })

  const planned = [
    'crash',
    'power-loss',
    'wiped-disk',
    'old-disk',
    'partition',
    'one-way',
    'link-flap'
  ]
  test.each(planned)('of %s alone has those, one after another, within its time', name => {
    for (const seed of seeds) {
      const { faults, chaosMs } = planScenario({ ...plan, faults: specificationOf(name) }, seed)
      expect(faults.length, `seed ${seed}`).toBeGreaterThan(0)
      expect(new Set(faults.map(fault => kindOf(fault, 7)))).toEqual(new Set([name]))
      let before = 0
      for (const fault of faults) {
        expect(fault.atMs).toBeGreaterThan(before)
        if (fault.type === 'crash' && fault.disk.type === 'copy') {
          expect(fault.disk.takenAtMs).toBeLessThan(fault.atMs)
        }
        before = endOf(fault)
      }
      expect(faults.at(-1)?.atMs).toBeLessThan(chaosMs)
    }
  })

  test('never loses more disks than may be lost', () => {
    for (const seed of seeds) {
      const faults = specificationOf('wiped-disk,old-disk')
      const scenario = planScenario({ ...plan, chaosMs: 30_000, faults }, seed)
      const struck = scenario.faults.flatMap(fault => (fault.type === 'crash' ? fault.places : []))
      expect(new Set(struck).size).toBeLessThanOrEqual(2)
    }
  })

  test('of members that never return has one, and fewer lost disks', () => {
    for (const seed of seeds) {
      const faults = specificationOf('gone,wiped-disk')
      const scenario = planScenario({ ...plan, faults }, seed)
      checkScenario(scenario)
      const struck = scenario.faults.flatMap(fault => (fault.type === 'crash' ? fault.places : []))
      expect(scenario.gone).toHaveLength(1)
      expect(new Set(struck).size).toBeLessThanOrEqual(1)
    }
  })

  /** Names of what a scenario has, for those that can be told from it. */
  function namesIn({ faults, gone, replicas }: Scenario): ReadonlySet<string> {
    const departed = gone.length > 0 ? ['gone'] : []
    return new Set([...departed, ...faults.map(fault => kindOf(fault, replicas))])
  }

  const losing = ['wiped-disk', 'old-disk', 'bit-flip', 'misdirected-write']
  test.each([
    { replicas: 4, liars: undefined, names: losing },
    { replicas: 7, liars: 1, names: [...losing, 'partition'] },
    { replicas: 7, liars: undefined, names: ['gone', ...losing] },
    { replicas: 10, liars: 1, names: ['gone', ...losing, 'crash', 'power-loss'] },
    { replicas: 40, liars: 12, names: ['old-disk', 'wiped-disk', 'link-flap'] },
    { replicas: 3, liars: undefined, names: ['crash', 'one-way', 'half-open'] }
  ])('of $replicas with $liars liars has all that is named: $names', ({ names, ...of }) => {
    for (const faults of [specificationOf(names.join()), specificationOf(`all,${names.join()}`)]) {
      expect(refuseFaults(faults, { ...of, liars: of.liars ?? 0 })).toBeUndefined()
      for (const seed of seeds) {
        const scenario = planScenario({ ...plan, ...of, chaosMs: 900, faults }, seed)
        checkScenario(scenario)
        expect(namesIn(scenario), `seed ${seed}`).toEqual(new Set([...namesIn(scenario), ...names]))
        expect(scenario.byzantine).toHaveLength(of.liars ?? 0)
        expect(faultyIn(scenario)).toBeLessThanOrEqual(Math.floor((of.replicas - 1) / 3))
      }
    }
  })

  function faultyIn({ faults, gone, byzantine }: Scenario): number {
    const losers = faults.flatMap(fault => {
      if (fault.type === 'crash') return fault.disk.type === 'own' ? [] : fault.places
      return 'device' in fault ? [fault.place] : []
    })
    return new Set([...losers, ...[...gone, ...byzantine].map(({ place }) => place)]).size
  }

  test.each([
    { text: 'all', replicas: 1, liars: 0 },
    { text: 'all', replicas: 4, liars: 1 },
    { text: 'crash,loss', replicas: 4, liars: 1 },
    { text: 'bit-flip', replicas: 4, liars: 0 },
    { text: 'ring,tier-cut', replicas: 4, liars: 0 }
  ])('of $text can be made for $replicas with $liars liars', ({ text, ...committee }) => {
    expect(refuseFaults(specificationOf(text), committee)).toBeUndefined()
  })

  test.each([
    { text: 'gone', replicas: 3, liars: 0, faultyMax: 0, causes: [['gone']], replicasMin: 4 },
    {
      text: 'damaged-batches,loss',
      replicas: 9,
      liars: 2,
      faultyMax: 2,
      causes: [['damaged-batches']],
      replicasMin: 10
    },
    {
      text: 'all,bit-flip,gone',
      replicas: 4,
      liars: 0,
      faultyMax: 1,
      causes: [['gone'], ['bit-flip']],
      replicasMin: 7
    }
  ])(
    'of $text is refused for $replicas with $liars liars',
    ({ text, replicas, liars, ...facts }) => {
      const refused = refuseFaults(specificationOf(text), { replicas, liars })
      expect(refused).toEqual({ code: 'too-many-faulty', ...facts })
    }
  )

  test.each([
    { name: 'crash', replicasMin: 2 },
    { name: 'half-open', replicasMin: 2 },
    { name: 'bridge', replicasMin: 3 },
    { name: 'ring', replicasMin: 4 }
  ])('of $name is refused for fewer than $replicasMin', ({ name, replicasMin }) => {
    const refuse = (replicas: number) => refuseFaults(specificationOf(name), { replicas, liars: 0 })
    expect(refuse(replicasMin)).toBeUndefined()
    expect(refuse(replicasMin - 1)).toEqual({ code: 'too-few-members', name, replicasMin })
  })

  test('gives each fault the value that was asked for', () => {
    const faults = specificationOf(
      'crash=1s,partition=2s,loss=5%,duplication,clock-skew=30ms,reordering'
    )
    const scenario = planScenario({ ...plan, faults }, 9)
    for (const fault of scenario.faults) {
      if (fault.type === 'crash') expect(fault.downMs).toBe(1_000)
      else expect(fault).toMatchObject({ forMs: 2_000 })
    }
    expect(scenario.clockSkewMsMax).toBe(30)
    expect(scenario.network).toMatchObject({ lossPercent: 5, isFifo: false })
    expect(scenario.network.duplicatePercent).toBeGreaterThan(0)
  })

  test('of bandwidth alone has interfaces that are narrow, as asked or as drawn', () => {
    const networkOf = (text: string, seed: number) =>
      planScenario({ ...plan, faults: specificationOf(text) }, seed).network
    for (const seed of seeds) {
      const asked = networkOf('bandwidth=70kB', seed)
      expect([asked.nodeBytesPerSecond, asked.linkBytesPerSecond]).toEqual([70_000, 0])
      const drawn = networkOf('bandwidth', seed)
      expect(drawn.nodeBytesPerSecond + drawn.linkBytesPerSecond).toBeGreaterThan(0)
      const without = networkOf('crash', seed)
      expect([without.nodeBytesPerSecond, without.linkBytesPerSecond]).toEqual([0, 0])
    }
  })

  test('of damaged disks has those, and counts who loses more than payload', () => {
    const devices = new Set<string>()
    for (const seed of seeds) {
      const specification = specificationOf('bit-flip,misdirected-write,wiped-disk')
      const { faults } = planScenario({ ...plan, faults: specification }, seed)
      const losers = faults.flatMap(fault => {
        if (fault.type === 'crash') return fault.disk.type === 'own' ? [] : fault.places
        if (!('device' in fault)) return []
        devices.add(fault.device)
        return fault.device === 'batches' ? [] : [fault.place]
      })
      expect(new Set(losers).size).toBeLessThanOrEqual(2)
      expect(faults.some(fault => fault.type === 'misdirected-write')).toBe(true)
    }
    expect(devices).toEqual(new Set(['batches', 'database', 'signed']))
  })

  test('lays places over the hosts of a matrix, half a round trip each way', () => {
    const roundTripsMs = Array.from({ length: 12 }, (_, from) =>
      Array.from({ length: 12 }, (_, to) => (from === to ? 9 : 100 * from + to))
    )
    const { network } = planScenario({ ...plan, roundTripsMs }, 4)
    expect(network.distancesMs.map(row => row.length)).toEqual(new Array(7).fill(7))
    const pairs = network.distancesMs.flatMap((row, from) => row.filter((_, to) => to !== from))
    expect(new Set(pairs).size).toBe(42)
    expect(pairs.every(ms => roundTripsMs.flat().includes(2 * ms))).toBe(true)
    expect(network.distancesMs.map((row, at) => row[at])).toEqual(new Array(7).fill(0))
    const other = planScenario({ ...plan, roundTripsMs }, 5)
    expect(other.network.distancesMs).not.toEqual(network.distancesMs)
    expect(planScenario({ ...plan, roundTripsMs }, 4)).toEqual(
      planScenario({ ...plan, roundTripsMs }, 4)
    )
    expect(() => planScenario({ ...plan, replicas: 13, roundTripsMs }, 4)).toThrow(
      'a host for each replica'
    )
  })

  test('has liars, who together with lost disks are fewer than a third', () => {
    for (const seed of seeds) {
      const scenario = planScenario({ ...plan, chaosMs: 30_000, liars: 1 }, seed)
      checkScenario(scenario)
      const struck = scenario.faults
        .flatMap(fault => (fault.type === 'crash' && fault.disk.type !== 'own' ? fault.places : []))
        .filter(place => place < 7)
      const liars = scenario.byzantine.map(({ place }) => place)
      expect(liars).toHaveLength(1)
      expect(new Set([...struck, ...liars]).size).toBeLessThanOrEqual(2)
    }
    const most = planScenario({ ...plan, liars: 2 }, 1)
    expect(most.byzantine).toHaveLength(2)
    expect(planScenario({ ...plan, liars: 2 }, 2).byzantine).not.toEqual(most.byzantine)
  })

  test('gives liars with two copies a host for each', () => {
    const roundTripsMs = Array.from({ length: 9 }, () => new Array<number>(9).fill(40))
    const { observers, network } = planScenario({ ...plan, liars: 2, roundTripsMs }, 3)
    expect(network.distancesMs).toHaveLength(Math.min(9, 7 + observers + 2))
  })
})
