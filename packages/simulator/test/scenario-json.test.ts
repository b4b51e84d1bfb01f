import { describe, expect, test } from 'vitest'
import { drawScenario, essenceOf, quietScenario, scenarioOfJson } from '../src/index.ts'

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
    { json: [], at: 'scenario', reason: 'is not an object' },
    { json: null, at: 'scenario', reason: 'is not an object' },
    { json: { sead: 1 }, at: 'sead', reason: 'is no field of a scenario' },
    { json: { seed: '1' }, at: 'seed', reason: 'is not a number' },
    { json: { isPromiseLast: 1 }, at: 'isPromiseLast', reason: 'is not a boolean' },
    { json: { faults: {} }, at: 'faults', reason: 'is not a list' },
    { json: { load: [] }, at: 'load', reason: 'is not an object' },
    { json: { load: { clients: 'many' } }, at: 'load.clients', reason: 'is not a number' },
    { json: { faults: [3] }, at: 'faults.0', reason: 'is not an object' },
    { json: { faults: [{ atMs: '3' }] }, at: 'faults.0.atMs', reason: 'is not a number' },
    {
      json: { gone: [{ place: 1, how: 'away' }] },
      at: 'gone.0.how',
      reason: 'is not one of crashed, cut-off, unheard, stopped'
    },
    {
      json: { faults: [{ type: 'bit-flip', device: 'disk' }] },
      at: 'faults.0.device',
      reason: 'is not one of signed, batches, database'
    },
    {
      json: { faults: [{ type: 'disk-error', operation: 'seek' }] },
      at: 'faults.0.operation',
      reason: 'is not one of read, write'
    },
    { json: { gone: [{ place: 'x' }] }, at: 'gone.0.place', reason: 'is not a number' },
    { json: { bullshark: { turbo: null } }, at: 'bullshark.turbo', reason: 'is not an object' },
    { json: { bullshark: { depth: 3 } }, at: 'bullshark.depth', reason: 'is no option of it' },
    { json: { mempool: { pullsMax: '9' } }, at: 'mempool.pullsMax', reason: 'is not a number' },
    {
      json: { replica: { evidenceMax: [] } },
      at: 'replica.evidenceMax',
      reason: 'is not a number'
    },
    { json: { network: { delay: 3 } }, at: 'network.delay', reason: 'is not an object' }
  ])('$json: $at $reason', ({ json, at, reason }) => {
    expect(factsOf(json)).toEqual({ code: 'scenario-malformed', at, reason })
  })

  test('knows what liars may do', () => {
    const json = (behaviours: unknown) => ({ byzantine: [{ place: 1, behaviours }] })
    expect(scenarioOfJson(json(['flood', 'drop'])).byzantine).toEqual([
      { place: 1, behaviours: ['flood', 'drop'] }
    ])
    for (const wrong of ['flood', ['flod'], null]) {
      expect(factsOf(json(wrong))).toMatchObject({
        at: 'byzantine.0.behaviours',
        reason: expect.stringContaining('is not a list of equivocate, ')
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
      { everyMs: 30, sides: [1] }
    ]) {
      expect(factsOf(json(wrong))).toMatchObject({ at: 'scenario' })
    }
    expect(factsOf(json({ everyMs: 30, sides: many }))).toMatchObject({ at: 'scenario' })
  })

  test.each([
    { json: { seed: -1 }, at: 'scenario' },
    { json: { replicas: 0 }, at: 'scenario' },
    { json: { network: { lossPercent: 101 } }, at: 'network' },
    { json: { network: { distancesMs: [[-1]] } }, at: 'network' },
    { json: { network: { linkDelays: [{}] } }, at: 'network' },
    { json: { load: { intervalMs: 0 } }, at: 'load' },
    { json: { readDelay: { type: 'uniform', fromMs: 3, toMs: 2 } }, at: 'readDelay' },
    { json: { bullshark: { maxHeaderDelayMs: 9, minHeaderDelayMs: 10 } }, at: 'bullshark' },
    { json: { mempool: { unorderedCommitsMax: -1 } }, at: 'mempool' },
    { json: { replica: { retentionCommits: 0 } }, at: 'replica' },
    { json: { flushDelay: { type: 'exponential', minMs: -1, meanMs: 1 } }, at: 'flushDelay' }
  ])('$json is out of bounds', ({ json, at }) => {
    expect(factsOf(json)).toMatchObject({
      code: 'scenario-malformed',
      at,
      reason: expect.stringContaining('does not keep to')
    })
  })
})
