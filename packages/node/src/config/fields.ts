import { type PeerId, toPeerId } from '@novacron/base'
import { publicKeyOfPeerId } from '@novacron/transport'
import { z } from 'zod'
import { addressForm, parseAddress } from './multiaddr.ts'

/** Leaves of our schemas. The message of each issue says what is allowed, and nothing else (problem.ts). */

export function integer(min: number, max: number): z.ZodType<number, number> {
  const error = `an integer from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export function text(pattern: RegExp, error: string): z.ZodType<string, string> {
  return z.string({ error }).regex(pattern, { error })
}

export function oneOf<const T extends string>(values: readonly T[]): z.ZodType<T, T> {
  return z.enum(values, { error: values.join(' | ') })
}

export function exactly<const T extends string | number>(value: T): z.ZodType<T, T> {
  return z.literal(value, { error: JSON.stringify(value) })
}

export function flag(): z.ZodType<boolean, boolean> {
  return z.boolean({ error: 'true | false' })
}

/** A list of at most `max`, without repetitions of text. */
export function listOf<Output, Input>(
  element: z.ZodType<Output, Input>,
  min: number,
  max: number
): z.ZodArray<z.ZodType<Output, Input>> {
  const error = `a list of ${min} to ${max}`
  return z
    .array(element, { error })
    .min(min, { error })
    .max(max, { error })
    .refine(items => new Set(items).size === items.length || typeof items[0] !== 'string', {
      error: `${error} different ones`
    })
}

/** Sorts as its bytes, is a file name and a metric label. */
export function name(): z.ZodType<string, string> {
  return text(/^[a-z0-9][a-z0-9-]{0,62}$/, '1 to 63 of a-z, 0-9 and -, not starting with -')
}

export function hex(lengthBytes: number): z.ZodType<string, string> {
  const digits = lengthBytes * 2
  return text(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} lowercase hex digits`)
}

export function peer(): z.ZodType<PeerId, string> {
  const error = 'the peer id of an Ed25519 key (12D3KooW…)'
  return z
    .string({ error })
    .refine(isPeerId, { error })
    .transform(value => value as PeerId)
}

function isPeerId(value: string): boolean {
  try {
    publicKeyOfPeerId(toPeerId(value))
    return value.startsWith('12D3KooW')
  } catch {
    return false
  }
}

/** Where a node listens; port 0 takes a free one. */
export function listenAddress(): z.ZodType<string, string> {
  const error = '/ip4/HOST/tcp/PORT (or ip6), without /p2p'
  return z.string({ error }).refine(
    value => {
      const address = parseAddress(value)
      return address !== undefined && address.peer === undefined && !value.startsWith('/dns')
    },
    { error }
  )
}

/** Where a node is reached: the port is known, and a peer that is named has a valid id. */
export function reachableAddress(naming: 'with-peer' | 'any'): z.ZodType<string, string> {
  const form = naming === 'with-peer' ? '/ip4/HOST/tcp/PORT/p2p/PEER (or ip6, dns…)' : addressForm
  const error = `${form}, port from 1`
  return z.string({ error }).refine(
    value => {
      const address = parseAddress(value)
      if (address === undefined || address.port === 0) return false
      return address.peer === undefined ? naming === 'any' : isPeerId(address.peer)
    },
    { error }
  )
}
