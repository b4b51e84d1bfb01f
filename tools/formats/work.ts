import { Reader } from '@novacron/base'
import type { Format } from './format.ts'

/** What decoding took, counted rather than timed: the same on every machine, whatever else it does. */
export interface Work {
  /** Fields that were read. */
  readonly steps: number
  /** Bytes that were copied or put together. */
  readonly movedBytes: number
}

/** What a hostile or damaged input may cost, for each of its bytes and as a rest. */
export const stepsFactorMax = 2
export const stepsRest = 64
export const movedFactorMax = 16
export const movedRestBytes = 16 * 1024

const readerSteps = ['u8', 'u16', 'u32', 'u64', 'raw'] as const
const copies = ['set', 'slice', 'fill'] as const

type Method = (this: unknown, ...values: unknown[]) => unknown

/** Stands in front of a method until it is disposed. */
function watch(target: object, name: string, onCall: Method): Disposable {
  const found = Reflect.get(target, name) as Method
  const watched: Method = function (...values) {
    onCall.apply(this, values)
    return found.apply(this, values)
  }
  Reflect.set(target, name, watched)
  return { [Symbol.dispose]: () => void Reflect.set(target, name, found) }
}

const lengthOf = (value: unknown): number => Number((value as { length?: number })?.length ?? 0)

/** Decodes and counts; whether it ends in a value or an error is for others to judge. */
export function workOf({ decode }: Pick<Format, 'decode'>, bytes: Uint8Array): Work {
  let steps = 0
  let movedBytes = 0
  {
    using stack = new DisposableStack()
    for (const name of readerSteps) {
      stack.use(watch(Reader.prototype, name, () => void steps++))
    }
    const arrays = Object.getPrototypeOf(Uint8Array.prototype) as object
    for (const name of copies) {
      const count: Method = function (source) {
        movedBytes += name === 'set' ? lengthOf(source) : lengthOf(this)
      }
      stack.use(watch(arrays, name, count))
    }
    const concat: Method = parts => {
      for (const part of parts as readonly Uint8Array[]) movedBytes += part.length
    }
    stack.use(watch(Buffer, 'concat', concat))
    try {
      decode(bytes)
    } catch {
      // Counted all the same.
    }
  }
  return { steps, movedBytes }
}

/** Undefined when the work is bounded by the length of the input. */
export function overwork(format: Pick<Format, 'decode'>, bytes: Uint8Array): string | undefined {
  const { steps, movedBytes } = workOf(format, bytes)
  if (steps > stepsFactorMax * bytes.length + stepsRest) {
    return `${steps} steps for ${bytes.length} bytes`
  }
  if (movedBytes > movedFactorMax * bytes.length + movedRestBytes) {
    return `${movedBytes} bytes moved for ${bytes.length} bytes`
  }
  return undefined
}
