import { describe, expect, test } from 'vitest'
import {
  drawScenario,
  essenceOf,
  quietScenario,
  scenarioBounds,
  scenarioOfJson
} from '../src/index.ts'

const factsOf = (json: unknown) => {
  try {
    scenarioOfJson(json)
  } catch (error) {
    return (error as { facts: unknown }).facts
  }
  return undefined
}

describe('a scenario as JSON', () => {
  test('comes back as it was', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const scenario = drawScenario(seed)
      expect(scenarioOfJson(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario)
      const essence = JSON.parse(JSON.stringify(essenceOf(scenario)))
      expect(scenarioOfJson(essence)).toEqual(scenario)
      expect(essence).not.toHaveProperty('law')
    }
  })

  test('is as the quiet one where it says nothing', () => {
    expect(scenarioOfJson({})).toEqual(quietScenario)
    expect(scenarioOfJson({ seed: 9, load: { clients: 1 } })).toEqual({
      ...quietScenario,
      seed: 9,
      load: { ...quietScenario.load, clients: 1 }
    })
  })

  test.each([
    { json: [], at: 'scenario', value: '[]', allowed: 'an object' },
    { json: null, at: 'scenario', value: 'null', allowed: 'an object' },
    {
      json: { seed: '1' },
      at: 'seed',
      value: '"1"',
      allowed: 'an integer from 0 to 9007199254740990'
    },
    {
      json: { replicas: 1_025 },
      at: 'replicas',
      value: '1025',
      allowed: 'an integer from 1 to 1024'
    },
    { json: { observers: -1 }, at: 'observers', value: '-1', allowed: 'an integer from 0 to 64' },
    { json: { isPromiseLast: 1 }, at: 'isPromiseLast', value: '1', allowed: 'true or false' },
    {
      json: { chaosMs: 1e12 },
      at: 'chaosMs',
      value: '1000000000000',
      allowed: 'a number from 0 to 86400000'
    },
    {
      json: { chaosMs: null },
      at: 'chaosMs',
      value: 'null',
      allowed: 'a number from 0 to 86400000'
    },
    {
      json: { load: { clients: 1e9 } },
      at: 'load.clients',
      value: '1000000000',
      allowed: 'an integer from 0 to 10000'
    },
    {
      json: { gone: [{ place: 4, atMs: 1, loss: 'lost' }] },
      at: 'gone.0.place',
      value: '4',
      allowed: 'an integer from 0 to 3'
    },
    {
      json: { gone: [{ place: 1, atMs: 1, loss: 'lost', how: 'away' }] },
      at: 'gone.0.how',
      value: '"away"',
      allowed: 'one of crashed, cut-off, unheard, stopped'
    },
    {
      json: { faults: [{ type: 'bit-flip', atMs: 1, place: 0, device: 'disk', count: 1 }] },
      at: 'faults.0.device',
      value: '"disk"',
      allowed: 'one of signed, batches, database'
    },
    {
      json: {
        replicas: 7,
        observers: 1,
        faults: [{ type: 'starve', atMs: 1, forMs: 1, place: 99 }]
      },
      at: 'faults.0.place',
      value: '99',
      allowed: 'an integer from 0 to 7'
    },
    {
      json: { faults: [{ type: 'cut', atMs: 1, forMs: 1, pairs: [[0, 0]] }] },
      at: 'faults.0',
      value: '[0,0]',
      allowed: 'pairs of two places'
    },
    {
      json: { bullshark: { turbo: null } },
      at: 'bullshark.turbo',
      value: 'null',
      allowed: expect.stringContaining('an object with ')
    },
    {
      json: { mempool: { pullsMax: '9' } },
      at: 'mempool.pullsMax',
      value: '"9"',
      allowed: 'an integer from 0 to 4000000000'
    },
    {
      json: { network: { lossPercent: 101 } },
      at: 'network.lossPercent',
      value: '101',
      allowed: 'a number from 0 to 100'
    },
    {
      json: { network: { distancesMs: [[-1]] } },
      at: 'network.distancesMs.0.0',
      value: '-1',
      allowed: 'a number from 0 to 3600000'
    },
    {
      json: {
        crashPoints: [
          { place: 0, persist: 1, point: 'after', loss: 'lost', downMs: 1, isForAll: true }
        ]
      },
      at: 'crashPoints.0.point',
      value: '"after"',
      allowed: 'one of before, written, flushed, sent'
    }
  ])('$json: $at is to be changed', ({ json, at, value, allowed }) => {
    expect(factsOf(json)).toEqual({
      code: 'scenario-malformed',
      at,
      value,
      allowed,
      remedy: 'change it'
    })
  })

  test.each([
    { json: { faults: [{ type: 'starve', forMs: 1, place: 0 }] }, at: 'faults.0.atMs' },
    {
      json: { faults: [{ type: 'partition', atMs: 1, forMs: 1, isOneWay: true }] },
      at: 'faults.0.side'
    },
    { json: { faults: [{}] }, at: 'faults.0.type' },
    { json: { network: { linkDelays: [{ from: 0, to: 1 }] } }, at: 'network.linkDelays.0.delay' },
    { json: { flushDelay: { type: 'uniform', fromMs: 1 } }, at: 'flushDelay.toMs' }
  ])('$json: $at is missing', ({ json, at }) => {
    expect(factsOf(json)).toMatchObject({ at, value: 'nothing', remedy: 'give it' })
  })

  test.each([
    { json: { sead: 1 }, at: 'sead' },
    { json: { network: { los: 1 } }, at: 'network.los' },
    { json: { bullshark: { depth: 3 } }, at: 'bullshark.depth' },
    {
      json: { faults: [{ type: 'starve', atMs: 1, forMs: 1, place: 0, side: [0] }] },
      at: 'faults.0.side'
    }
  ])('$json: $at is no field', ({ json, at }) => {
    expect(factsOf(json)).toMatchObject({
      at,
      allowed: expect.stringMatching(/^fields /),
      remedy: 'leave it out, or correct its name'
    })
  })

  test.each(['faults', 'crashPoints', 'gone', 'byzantine'])('%s is a list of objects', key => {
    const allowed = expect.stringMatching(/^a list of 0 to /)
    for (const wrong of [{}, null, 3])
      expect(factsOf({ [key]: wrong })).toMatchObject({ at: key, allowed })
    for (const wrong of [3, null, []]) {
      expect(factsOf({ [key]: [wrong] })).toMatchObject({ at: `${key}.0` })
    }
  })

  test('knows each type of fault', () => {
    expect(factsOf({ faults: [{ type: 'earthquake', atMs: 1 }] })).toMatchObject({
      at: 'faults.0.type',
      allowed: expect.stringContaining('one of crash, partition, ')
    })
  })

  test('a wrong value is shown in part where it is long', () => {
    expect(factsOf({ seed: 'x'.repeat(1_000) })).toMatchObject({ value: `"${'x'.repeat(59)}...` })
  })

  test('knows what liars may do', () => {
    const json = (behaviours: unknown) => ({ byzantine: [{ place: 1, behaviours }] })
    expect(scenarioOfJson(json(['flood', 'drop'])).byzantine).toEqual([
      { place: 1, behaviours: ['flood', 'drop'] }
    ])
    for (const wrong of ['flood', ['flod'], null]) {
      expect(factsOf(json(wrong))).toMatchObject({
        at: expect.stringMatching(/^byzantine.0.behaviours/),
        allowed: expect.stringContaining('one of equivocate, ')
      })
    }
  })

  test('knows when twins change their sides', () => {
    const json = (twins: unknown) => ({ byzantine: [{ place: 1, behaviours: ['twins'], twins }] })
    const twins = { everyMs: 30, sides: [[0], [2, 3]] }
    expect(scenarioOfJson(json(twins)).byzantine[0]?.twins).toEqual(twins)
    const many = Array.from({ length: 1_001 }, () => [])
    for (const wrong of [
      null,
      { ...twins, everyMs: 0 },
      { everyMs: 30 },
      { everyMs: 30, sides: [1] },
      { everyMs: 30, sides: many }
    ]) {
      expect(factsOf(json(wrong))).toMatchObject({
        at: expect.stringMatching(/^byzantine.0.twins/)
      })
    }
  })

  const copied = { type: 'crash', places: [0], loss: 'lost', downMs: 1, staggerMs: 0 }

  test.each([
    { json: { byzantine: [0, 1].map(place => ({ place, behaviours: ['drop'] })) }, at: 'scenario' },
    { json: { readDelay: { type: 'uniform', fromMs: 3, toMs: 2 } }, at: 'readDelay' },
    { json: { bullshark: { maxHeaderDelayMs: 9, minHeaderDelayMs: 10 } }, at: 'bullshark' },
    { json: { mempool: { batchBytesMax: 1_023 } }, at: 'mempool' },
    { json: { replica: { retentionCommits: 0 } }, at: 'replica' },
    { json: { load: { clients: 10_000, intervalMs: 99 } }, at: 'load' },
    {
      json: { faults: [{ ...copied, atMs: 5, disk: { type: 'copy', takenAtMs: 5 } }] },
      at: 'faults.0.disk.takenAtMs'
    },
    { json: { faults: [{ type: 'pause', place: 0, atMs: 1, forMs: 86_400_000 }] }, at: 'faults' }
  ])('$json is out of bounds', ({ json, at }) => {
    expect(factsOf(json)).toMatchObject({ code: 'scenario-malformed', at })
  })

  test('is taken up to its bounds', () => {
    const { clientsMax, requestsPerSecondMax, virtualMsMax } = scenarioBounds
    const intervalMs = (1_000 * clientsMax) / requestsPerSecondMax
    const json = { chaosMs: virtualMsMax, load: { clients: clientsMax, intervalMs } }
    expect(scenarioOfJson(json)).toMatchObject(json)
  })
})
