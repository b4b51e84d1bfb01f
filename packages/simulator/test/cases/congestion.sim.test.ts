import { encodeEnvelope, logApplication } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { inMode, quietScenario, type Scenario } from '../../src/index.ts'
import { type CaseProtocol, runCase } from './run.ts'

const replicas = 4
const interfaceBytesPerSecond = 250_000
const payloadBytes = 4_096
const loadMs = 10_000
/** Every request goes over its member's interface once for each of the others. */
const capacityPerSecond = (replicas * interfaceBytesPerSecond) / ((replicas - 1) * payloadBytes)

interface Traffic {
  pushedBytes: number
  answerBytes: number
}

/** Requests of some size, and how much payload its author spreads and how much others are given on demand. */
function heavy(protocol: CaseProtocol, traffic: Traffic): CaseProtocol {
  return {
    ...protocol,
    transaction(client, sequence, session) {
      if (session === undefined) return protocol.transaction(client, sequence, session)
      const payload = new Uint8Array(payloadBytes).fill(sequence)
      return encodeEnvelope({ application: logApplication, session, sequence, payload })
    },
    isWrite: () => false,
    make(seat) {
      const replica = protocol.make(seat)
      const step = replica.step.bind(replica)
      const counted: typeof step = (event, now) => {
        const effects = step(event, now)
        for (const effect of effects) {
          if (effect.type !== 'send' && effect.type !== 'broadcast') continue
          const { layer, message } = effect.message
          if (layer !== 'mempool' || message.type !== 'batch') continue
          const { length } = message.batch.bytes
          if (effect.type === 'send') traffic.answerBytes += length
          else traffic.pushedBytes += (replicas - 1) * length
        }
        return effects
      }
      return Object.assign(replica, { step: counted })
    }
  }
}

/** Clients spread over all members ask so often; answers a second while they do, and the traffic. */
function runLoad(requestsPerSecond: number, mode: 'bullshark' | 'bullshark-turbo') {
  const clients = 64
  const scenario: Scenario = {
    ...quietScenario,
    replicas,
    network: { ...quietScenario.network, nodeBytesPerSecond: interfaceBytesPerSecond },
    replica: { checkpointIntervalCommits: 500 },
    load: {
      ...quietScenario.load,
      clients,
      intervalMs: (clients * 1_000) / requestsPerSecond,
      retryMs: 20_000
    },
    chaosMs: loadMs,
    loadAfterMs: 0,
    // At twice the capacity some are refused again and again, and try again after 20 s: of 40 seeds a third needs over a minute.
    livenessMs: 200_000
  }
  const traffic = { pushedBytes: 0, answerBytes: 0 }
  const run = runCase(inMode(scenario, mode), { wrap: protocol => heavy(protocol, traffic) })
  expect(run.report.firstViolation).toBeUndefined()
  const fromMs = 1_500
  return {
    perSecond: (run.answeredIn([fromMs, loadMs]) * 1_000) / (loadMs - fromMs),
    answeredShare: traffic.answerBytes / traffic.pushedBytes
  }
}

describe.each(['bullshark', 'bullshark-turbo'] as const)('%s on interfaces that are full', mode => {
  test('answers what fits through, and sends little of it again', () => {
    const { perSecond, answeredShare } = runLoad(0.7 * capacityPerSecond, mode)
    expect(perSecond).toBeGreaterThan(0.55 * capacityPerSecond)
    expect(answeredShare).toBeLessThan(0.25)
  })

  test('answers as much when twice as much is asked for', () => {
    const { perSecond, answeredShare } = runLoad(2 * capacityPerSecond, mode)
    expect(perSecond).toBeGreaterThan(0.55 * capacityPerSecond)
    expect(answeredShare).toBeLessThan(0.25)
  })
})
