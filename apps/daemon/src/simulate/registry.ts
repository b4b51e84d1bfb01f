import { assert } from '@novacron/base'
import {
  bullsharkModes,
  bullsharkOrderer,
  inMode,
  mixingHash,
  type Recorder,
  replicaProtocol,
  type Scenario,
  type SimulationReport,
  simulate
} from '@novacron/simulator'

/** A protocol that can be simulated. */
export interface ProtocolEntry {
  readonly name: string
  run(scenario: Scenario, recorder?: Recorder): SimulationReport
}

/** What `novacron simulate` knows. */
export const protocols: readonly ProtocolEntry[] = bullsharkModes.map(name => ({
  name,
  run: (scenario, recorder) =>
    simulate(inMode(scenario, name), {
      hash: mixingHash,
      protocol: replicaProtocol({ orderer: bullsharkOrderer() }, mixingHash),
      ...(recorder === undefined ? {} : { recorder })
    })
}))

/** A module with such a list as `protocols`: it is loaded again in each worker, which functions cannot be sent to. */
export async function loadProtocols(module: string): Promise<readonly ProtocolEntry[]> {
  const loaded = (await import(module)) as { readonly protocols: readonly ProtocolEntry[] }
  return loaded.protocols
}

/** One that is known to be in the list. */
export function protocolNamed(protocols: readonly ProtocolEntry[], name: string): ProtocolEntry {
  const protocol = protocols.find(each => each.name === name)
  assert(protocol !== undefined, `protocol ${name}`)
  return protocol
}
