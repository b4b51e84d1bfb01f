import { execFileSync } from 'node:child_process'

/** A network of its own for each node, on one bridge, with what goes in and what goes out limited. */
export interface Namespaces extends Disposable {
  /** Address of a node, from 0. */
  host(node: number): string
  /** Command that what follows it is run by, in the network of the node. */
  enter(node: number): readonly string[]
}

export type RunCommand = (command: string, args: readonly string[]) => string

/** Nodes of one network: addresses of a /24, less the bridge's. */
const nodesMax = 250
/** A packet that comes when so much waits is dropped, and TCP slows down. */
const queueMs = 100
const burstBytes = 32_768
const prefix = 'novacron'

/**
 * Opens namespaces by `ip` and `tc`; undefined where the machine, or who runs this, may not. Disposing removes them, and so
 * does the end of this process; what a killed one left is removed by the next.
 */
export function openNamespaces(
  count: number,
  mbit: number,
  run: RunCommand = runCommand,
  pid: number = process.pid
): Namespaces | undefined {
  if (count > nodesMax) return undefined
  const made = new MadeNamespaces(count, pid, run)
  try {
    removeStale(run)
    made.open(mbit)
    return made
  } catch {
    made[Symbol.dispose]()
    return undefined
  }
}

class MadeNamespaces implements Namespaces {
  readonly #count: number
  readonly #pid: number
  readonly #run: RunCommand
  #isOpen = false
  readonly #onExit = (): void => this[Symbol.dispose]()

  constructor(count: number, pid: number, run: RunCommand) {
    this.#count = count
    this.#pid = pid
    this.#run = run
  }

  host(node: number): string {
    return `${this.#subnet}.${node + 2}`
  }

  enter(node: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name(node)]
  }

  open(mbit: number): void {
    this.#isOpen = true
    process.once('exit', this.#onExit)
    this.#ip(`link add ${this.#bridge} type bridge`)
    this.#ip(`addr add ${this.#subnet}.1/24 dev ${this.#bridge}`)
    this.#ip(`link set ${this.#bridge} up`)
    for (let node = 0; node < this.#count; node++) this.#add(node, mbit)
  }

  #add(node: number, mbit: number): void {
    const name = this.#name(node)
    const outside = `${this.#bridge}p${node}`
    this.#ip(`netns add ${name}`)
    this.#ip(`link add ${outside} type veth peer name eth0 netns ${name}`)
    this.#ip(`link set ${outside} master ${this.#bridge} up`)
    this.#ip(`-n ${name} addr add ${this.host(node)}/24 dev eth0`)
    this.#ip(`-n ${name} link set eth0 up`)
    this.#ip(`-n ${name} link set lo up`)
    const limit = `root tbf rate ${mbit}mbit burst ${burstBytes} latency ${queueMs}ms`
    // What the bridge hands to the node is what goes in, and what the node hands over is what goes out.
    this.#tc(`qdisc add dev ${outside} ${limit}`)
    this.#tc(`-n ${name} qdisc add dev eth0 ${limit}`)
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#onExit)
    for (let node = 0; node < this.#count; node++) {
      // The other end of the pair goes with it, though not at once.
      tryTo(() => this.#ip(`link del ${this.#bridge}p${node}`))
      tryTo(() => this.#ip(`netns del ${this.#name(node)}`))
    }
    tryTo(() => this.#ip(`link del ${this.#bridge}`))
  }

  get #subnet(): string {
    return `10.213.${this.#pid % 256}`
  }

  /** Names of links have 15 characters at most. */
  get #bridge(): string {
    return bridgeOf(this.#pid)
  }

  #name(node: number): string {
    return `${prefix}-${this.#pid}-${node}`
  }

  #ip(words: string): void {
    this.#run('ip', words.split(' '))
  }

  #tc(words: string): void {
    this.#run('tc', words.split(' '))
  }
}

const bridgeOf = (pid: number): string => `nc${pid}`

/** Of runs that were killed: their process is gone. */
function removeStale(run: RunCommand): void {
  const names = run('ip', ['netns', 'list']).match(new RegExp(`\\b${prefix}-\\d+-\\d+\\b`, 'g'))
  for (const name of names ?? []) {
    const pid = Number(name.split('-')[1])
    if (isAlive(pid)) continue
    tryTo(() => run('ip', ['netns', 'del', name]))
    tryTo(() => run('ip', ['link', 'del', bridgeOf(pid)]))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What is to be removed may never have come to be. */
function tryTo(act: () => void): void {
  try {
    act()
  } catch {
    // Nothing is left to do about it.
  }
}

function runCommand(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
