import { createInterface } from 'node:readline'
import { commandFault } from '../command-fault.ts'
import { endChild, showExit, startChild } from '../devnet/child.ts'
import type { Io } from '../io.ts'
import type { GeneratorMessage, GeneratorPlan, GeneratorResult } from './generator.ts'

export interface GeneratorProcess extends AsyncDisposable {
  readonly pid: number | undefined
  /** Rejects when the process failed. */
  readonly finished: Promise<GeneratorResult>
  /** Ends the load early. Resolves with what it brought until then. */
  stop(): Promise<GeneratorResult>
}

const errorBytesMax = 4_096
const politeMs = 2_000

/** Runs the load in a process of its own, so that it measures the nodes and not itself. Disposing ends it. */
export function startGenerator(
  plan: GeneratorPlan,
  io: Pick<Io, 'program' | 'env'>,
  onMessage: (message: GeneratorMessage) => void
): GeneratorProcess {
  const child = startChild(
    io,
    [],
    ['bench', 'generator', '--plan', JSON.stringify(plan)],
    ['pipe', 'pipe']
  )
  const finished = Promise.withResolvers<GeneratorResult>()
  const { stdout, stderr } = child.process
  let errors = ''
  stderr?.on('data', chunk => {
    errors = `${errors}${chunk}`.slice(-errorBytesMax)
  })
  if (stdout !== null) {
    createInterface({ input: stdout }).on('line', line => {
      const message = JSON.parse(line) as GeneratorMessage
      if (message.type === 'finished') finished.resolve(message)
      else onMessage(message)
    })
  }
  child.process.once('close', () => {
    void child.exited.then(exit => {
      const words = errors.trim().split('\n').at(-1) || 'it said nothing'
      finished.reject(commandFault('failed', `the generator ${showExit(exit)}: ${words}`))
    })
  })
  // Whoever waits hears of it; nobody may be waiting when the network goes down first.
  finished.promise.catch(() => undefined)
  return {
    pid: child.process.pid,
    finished: finished.promise,
    stop: () => {
      child.process.stdin?.end()
      return finished.promise
    },
    [Symbol.asyncDispose]: async () => {
      await endChild(child, { politeMs, termMs: politeMs })
    }
  }
}
