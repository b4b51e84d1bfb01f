import { availableParallelism } from 'node:os'
import { type Command, Option } from 'commander'
import type { ExitCode, Io } from '../io.ts'
import { duration, integer } from '../settings.ts'
import { replicasMax, simulateDefaults } from '../simulate/defaults.ts'
import { moduleBeside } from '../simulate/module-beside.ts'
import { type AddVerb, addExamples } from '../verb.ts'

interface SimulateVerbOptions {
  readonly replicas: number
  readonly seed?: number
  readonly seeds?: number
  readonly fromSeed?: number
  readonly byzantine?: number
  readonly faults?: string
  readonly latencyMatrix?: string
  readonly virtual: number
  readonly scenario?: string
  readonly writeFailures?: string
  readonly shrinkRuns: number
  readonly workers: number
  readonly json?: boolean
}

const seedMax = 999_999_999_999_999
const seedOption = integer(0, seedMax)

/** `simulate` over the protocols that a module has; the module is loaded when the verb runs, and in each worker. */
export function simulateVerb(registry: URL): AddVerb {
  return (program, { io, exit }) => {
    const command = program
      .command('simulate')
      .description(
        'Run a protocol in a simulated world with faults, once or for many seeds; exit code 1 unless all pass.'
      )
      .argument('<protocol>', 'bullshark or bullshark-turbo')
    addSeedOptions(command)
    addWorldOptions(command)
    addRunOptions(command)
    command.action(async (protocol: string, options: SimulateVerbOptions) =>
      exit(await simulate(protocol, options, registry, io))
    )
    addExamples(
      command,
      'novacron simulate bullshark --seed 7',
      'novacron simulate bullshark-turbo --replicas 10 --seeds 1000 --json',
      'novacron simulate bullshark --seeds 200 --from-seed 5000 --faults crash,partition=2s,loss=5%',
      'novacron simulate bullshark --replicas 31 --byzantine 10 --virtual 5s',
      'novacron simulate bullshark --scenario failures/bullshark-seed-7-shrunk.json'
    )
  }
}

function addSeedOptions(command: Command): void {
  command
    .addOption(
      new Option('--seed <number>', `one run, told in full (default: ${simulateDefaults.seed})`)
        .argParser(seedOption)
        .conflicts(['seeds', 'fromSeed'])
    )
    .option('--seeds <count>', 'that many runs, one for each seed', integer(1, 1_000_000_000))
    .option('--from-seed <number>', 'the first of them (default: 1)', seedOption)
}

/** What the world of each run is like; a scenario from a file has all of it. */
function addWorldOptions(command: Command): void {
  const { replicas, virtualMs } = simulateDefaults
  command
    .option('--replicas <count>', 'members of the committee', integer(2, replicasMax), replicas)
    .option(
      '--byzantine <count>',
      'members that lie, fewer than a third (default: as the seed draws)',
      integer(0, 1_000)
    )
    .option(
      '--faults <spec>',
      'names with commas, such as crash,partition=2s,loss=5%,-old-disk; all; none'
    )
    .option('--latency-matrix <file>', 'round trips between hosts, of which each seed draws some')
    .addOption(
      new Option('--virtual <time>', 'how long load and faults last in a run')
        .argParser(duration)
        .default(virtualMs, `${virtualMs / 1_000}s`)
    )
    .addOption(
      new Option('--scenario <file>', 'run a scenario that --write-failures wrote').conflicts([
        ...['seed', 'seeds', 'fromSeed'],
        ...['replicas', 'byzantine', 'faults', 'latencyMatrix', 'virtual']
      ])
    )
}

function addRunOptions(command: Command): void {
  command
    .option('--write-failures <dir>', 'write scenarios that fail there, and the shrunk first')
    .option(
      '--shrink-runs <count>',
      'runs for shrinking the first failure, 0 for none',
      integer(0, 100_000),
      200
    )
    .addOption(
      new Option('--workers <count>', 'threads; 1 needs none')
        .argParser(integer(1, 1_024))
        .default(availableParallelism(), 'one for each core')
    )
    .option('--json', 'print the summary as one JSON object')
}

export const addSimulate: AddVerb = simulateVerb(
  moduleBeside(import.meta.url, '../simulate/registry')
)

async function simulate(
  protocol: string,
  options: SimulateVerbOptions,
  registry: URL,
  io: Io
): Promise<ExitCode> {
  // Other verbs need none of it.
  const { simulateSeeds } = await import('../simulate/simulate.ts')
  const { replicas, virtual, byzantine, faults, latencyMatrix, scenario, writeFailures } = options
  const isMany = options.seeds !== undefined || options.fromSeed !== undefined
  const first = isMany ? options.fromSeed : options.seed
  return simulateSeeds(
    {
      options: {
        protocol,
        replicas,
        virtualMs: virtual,
        byzantine,
        faults,
        latencyMatrix,
        scenario
      },
      registry: registry.href,
      range: { from: first ?? simulateDefaults.seed, count: options.seeds ?? 1 },
      workers: options.workers,
      shrinkRuns: options.shrinkRuns,
      failuresDirectory: writeFailures,
      isJson: options.json === true
    },
    io
  )
}
