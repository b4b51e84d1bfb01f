import { resolve } from 'node:path'
import { shellWord } from '../shell-word.ts'
import { simulateDefaults } from './defaults.ts'
import type { SimulateOptions } from './options.ts'

/** The command that runs one seed again under the same options, from any directory; what is as by default is left out. */
export function replayCommand(options: SimulateOptions, seed: number): string {
  const { protocol, replicas, virtualMs, byzantine, faults, latencyMatrix, scenario } = options
  const words = ['novacron', 'simulate', protocol]
  if (scenario !== undefined)
    return [...words, '--scenario', shellWord(resolve(scenario))].join(' ')
  words.push('--seed', String(seed))
  if (replicas !== simulateDefaults.replicas) words.push('--replicas', String(replicas))
  if (virtualMs !== simulateDefaults.virtualMs) words.push('--virtual', durationOf(virtualMs))
  if (byzantine !== undefined) words.push('--byzantine', String(byzantine))
  if (faults !== undefined) words.push('--faults', shellWord(faults))
  if (latencyMatrix !== undefined) words.push('--latency-matrix', shellWord(resolve(latencyMatrix)))
  return words.join(' ')
}

function durationOf(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`
}
