import { Reader } from '@novacron/base'
import type { Format } from './format.ts'

/** What decoding took, counted rather than timed: the same on every machine, whatever else it does. */
export interface Work {
  /** Fields that were read, views that were made, and values that were kept in a list, a map or a set. */
  readonly steps: number
  /** Bytes that were copied or put together. */
  readonly movedBytes: number
  /** Bytes of arrays and buffers that were asked for by their length, whether or not anything was put there. */
  readonly reservedBytes: number
}

/** What a hostile or damaged input may cost, for each of its bytes and as a rest. */
export const stepsFactorMax = 6
/** What is checked by a schema takes some hundred, however short it is. */
export const stepsRest = 2_048
export const movedFactorMax = 16
export const movedRestBytes = 16 * 1024
/** A frame that has begun is put together in a buffer of its own, of the largest length that is admitted. */
export const reservedRestBytes = 1_048_576 + 16 * 1024

const readerSteps = ['u8', 'u16', 'u32', 'u64', 'raw'] as const
const viewSteps = ['getUint8', 'getUint16', 'getUint32', 'getBigUint64', 'getFloat64'] as const
const reservations = ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const
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

/** Stands in the place of a class of arrays or buffers; told of each length that is asked for. */
function watchLengths(
  name: 'Uint8Array' | 'ArrayBuffer',
  onLength: (length: number) => void
): Disposable {
  const found: object = globalThis[name]
  const watched: object = new Proxy(found, {
    construct(target, values: unknown[], self): object {
      if (typeof values[0] === 'number') onLength(values[0])
      const made = target as new (...values: unknown[]) => object
      return Reflect.construct(made, values, self === watched ? made : self)
    }
  })
  Reflect.set(globalThis, name, watched)
  return { [Symbol.dispose]: () => void Reflect.set(globalThis, name, found) }
}

/** Decodes and counts; whether it ends in a value or an error is for others to judge. */
export function workOf({ decode }: Pick<Format, 'decode'>, bytes: Uint8Array): Work {
  let steps = 0
  let movedBytes = 0
  let reservedBytes = 0
  const onStep = () => void steps++
  const onLength = (length: number) => {
    reservedBytes += length
  }
  {
    using stack = new DisposableStack()
    const arrays = Object.getPrototypeOf(Uint8Array.prototype) as object
    for (const name of readerSteps) stack.use(watch(Reader.prototype, name, onStep))
    for (const name of viewSteps) stack.use(watch(DataView.prototype, name, onStep))
    stack.use(watch(arrays, 'subarray', onStep))
    stack.use(watch(Array.prototype, 'push', onStep))
    stack.use(watch(Map.prototype, 'set', onStep))
    stack.use(watch(Set.prototype, 'add', onStep))
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
    for (const name of reservations) {
      stack.use(watch(Buffer, name, length => onLength(Number(length))))
    }
    stack.use(watchLengths('Uint8Array', onLength))
    stack.use(watchLengths('ArrayBuffer', onLength))
    try {
      decode(bytes)
    } catch {
      // Counted all the same.
    }
  }
  return { steps, movedBytes, reservedBytes }
}

/** Undefined when the work is bounded by the length of the input. */
export function overwork(format: Pick<Format, 'decode'>, bytes: Uint8Array): string | undefined {
  const { steps, movedBytes, reservedBytes } = workOf(format, bytes)
  if (steps > stepsFactorMax * bytes.length + stepsRest) {
    return `${steps} steps for ${bytes.length} bytes`
  }
  if (movedBytes > movedFactorMax * bytes.length + movedRestBytes) {
    return `${movedBytes} bytes moved for ${bytes.length} bytes`
  }
  if (reservedBytes > movedFactorMax * bytes.length + reservedRestBytes) {
    return `${reservedBytes} bytes reserved for ${bytes.length} bytes`
  }
  return undefined
}
