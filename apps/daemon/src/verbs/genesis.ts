import {
  buildGenesis,
  type ClusterOptions,
  closest,
  defaultClusterOptions,
  type Genesis,
  type NodePart,
  readNodePart,
  valueOrThrow,
  writeGenesis
} from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { flagFault } from '../flag-problems.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { integer, pairs, several } from '../settings.ts'
import { type AddVerb, addExamples } from '../verb.ts'

interface GenesisOptions {
  readonly node: readonly string[]
  readonly out: string
  readonly chainName: string
  readonly weight?: Readonly<Record<string, string>>
  readonly operatorKey?: readonly string[]
  readonly operatorThreshold?: number
  readonly set?: Readonly<Record<string, string>>
  readonly json?: boolean
}

export const addGenesis: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('genesis')
    .description('Make the genesis of a chain from the public parts (node.json) of its members.')
    .requiredOption('--node <file...>', 'node.json of each member')
    .requiredOption('--out <file>', 'file to write; must not be there')
    .option('--chain-name <name>', '1 to 63 of a-z, 0-9 and -', 'novacron')
    .option(
      '--weight <name=weight>',
      'voting power of a member, 1 for the rest; several times',
      pairs
    )
    .option('--operator-key <hex>', 'Ed25519 public key of an operator; several times', several)
    .option(
      '--operator-threshold <count>',
      'operators who must sign (default: more than half)',
      integer(1, 64)
    )
    .option(
      '--set <option=value>',
      `cluster option: ${Object.keys(defaultClusterOptions).join(', ')}; several times`,
      pairs
    )
    .option('--json', 'print JSON')
    .action((options: GenesisOptions) => exit(genesis(options, io)))
  addExamples(
    command,
    'novacron genesis --node a/node.json b/node.json c/node.json d/node.json --out genesis.json',
    'novacron genesis --node */node.json --out genesis.json --weight a=3 --set checkpointIntervalCommits=100',
    'novacron genesis --node */node.json --out genesis.json --set protocol=bullshark-turbo --set fastCommit=false'
  )
}

function genesis(options: GenesisOptions, io: Io): ExitCode {
  const parts = options.node.map(readNodePart)
  const keys = options.operatorKey ?? []
  const threshold =
    options.operatorThreshold ?? (keys.length === 0 ? 0 : Math.floor(keys.length / 2) + 1)
  const built = buildGenesis(parts, {
    chainName: options.chainName,
    createdAt: new Date().toISOString(),
    cluster: clusterOf(options.set ?? {}),
    weights: weightsOf(options.weight ?? {}, parts),
    operators: { publicKeys: keys, threshold }
  })
  if (built.type === 'invalid') {
    const fault = flagFault(built.problems, key => flagOf(key, parts))
    if (fault !== undefined) throw fault
  }
  const made = valueOrThrow(built, options.out)
  warnOfSilence(made, io)
  writeGenesis(options.out, made)
  const names = made.members.map(({ name }) => name)
  if (options.json === true)
    writeJson(io, { chainName: made.chainName, members: names, out: options.out })
  else {
    io.stdout.write(
      `${options.out}: chain ${made.chainName} with ${names.length} members: ${names.join(', ')}\n`
    )
  }
  return exitCodes.ok
}

/** The option that a value of the genesis came from; undefined for what came from a node.json. */
function flagOf(key: string, parts: readonly NodePart[]): string | undefined {
  const [first, second = '', third] = key.split('.')
  if (first === 'chainName') return '--chain-name'
  if (first === 'cluster') return `--set ${second}`
  if (first === 'operators')
    return second === 'threshold' ? '--operator-threshold' : '--operator-key'
  if (first !== 'members' || third !== 'weight') return undefined
  // A genesis has its members in the order of names.
  return `--weight ${parts.map(({ name }) => name).sort()[Number(second)]}`
}

/** A member without an address can dial, and two of them never meet. */
function warnOfSilence({ members }: Genesis, io: Io): void {
  const silent = members.filter(({ addresses }) => addresses.length === 0).map(({ name }) => name)
  if (silent.length === 0) return
  io.stderr.write(
    `novacron: nobody can dial ${silent.join(', ')}: no address in node.json; run init with --announce, or add one to the file\n`
  )
}

/** Values of the right kind; what is allowed is up to the genesis. */
function clusterOf(given: Readonly<Record<string, string>>): Partial<ClusterOptions> {
  const known = Object.keys(defaultClusterOptions)
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw unknown('--set', name, known)
  }
  const entries = Object.entries(given).map(([name, value]) => [name, givenValue(value)])
  return Object.fromEntries(entries)
}

/** A flag, a number, or a text for the genesis to take or to refuse. */
function givenValue(value: string): boolean | number | string {
  return value === 'true' || value === 'false' ? value === 'true' : numberOr(value)
}

function weightsOf(
  given: Readonly<Record<string, string>>,
  parts: readonly NodePart[]
): Readonly<Record<string, number>> {
  const names = parts.map(({ name }) => name)
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw unknown('--weight', name, names)
  }
  // A text that is no number stays one, for the genesis to refuse with what is allowed.
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, numberOr(value) as number])
  )
}

function numberOr(value: string): number | string {
  return /^\d{1,15}$/.test(value) ? Number(value) : value
}

function unknown(option: string, name: string, known: readonly string[]): Error {
  const meant = closest(name, known)
  const remedy = meant === undefined ? '' : `; did you mean ${meant}?`
  return commandFault(
    'usage',
    `${option} names ${name}, allowed is one of ${known.join(', ')}${remedy}`
  )
}
