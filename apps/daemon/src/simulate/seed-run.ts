import type { RunVerdict, SimulationReport } from '@novacron/simulator'
import { type Campaign, scenarioOf } from './campaign.ts'
import { loadProtocols, protocolNamed } from './registry.ts'

/** What is kept of one run. */
export interface SeedResult {
  readonly seed: number
  readonly verdict: RunVerdict
  /** What went wrong; undefined when nothing did. */
  readonly facts: string | undefined
  readonly traceHash: string
  readonly virtualMs: number
  readonly steps: number
  readonly messages: number
  readonly cpuMs: number
  /** Where all of it was asked for. */
  readonly report: SimulationReport | undefined
}

/** What a thread is started with. */
export interface SeedRunnerOptions {
  readonly campaign: Campaign
  /** Address of the module with the protocols. */
  readonly registry: string
  readonly withReport: boolean
}

/** Runs seeds of one campaign, one after another. */
export async function makeSeedRunner({
  campaign,
  registry,
  withReport
}: SeedRunnerOptions): Promise<(seed: number) => SeedResult> {
  const protocol = protocolNamed(await loadProtocols(registry), campaign.protocol)
  return seed => {
    const before = process.threadCpuUsage()
    const report = protocol.run(scenarioOf(campaign, seed))
    const { user, system } = process.threadCpuUsage(before)
    const { verdict, traceHash, virtualMs, steps, messages, firstViolation } = report
    return {
      seed,
      verdict,
      facts: firstViolation?.facts,
      traceHash,
      virtualMs,
      steps,
      messages,
      cpuMs: (user + system) / 1_000,
      report: withReport ? report : undefined
    }
  }
}
