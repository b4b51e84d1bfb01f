/** What may be asked for by name. */
export interface FaultKind {
  readonly name: string
  /** What a value after `=` means; a kind without takes none. */
  readonly parameter?: 'duration' | 'percent' | 'rate'
  readonly what: string
}

/** Which kinds of faults a run draws from. */
export interface FaultSpecification {
  readonly names: ReadonlySet<string>
  /** Of these the ones that were named one by one, rather than by `all`: they are there, or refused. */
  readonly named: ReadonlySet<string>
  /** Milliseconds, percent or bytes a second of those that were given a value. */
  readonly values: ReadonlyMap<string, number>
}

/** Why a text is no specification; `item` is the part that is wrong. */
export type SpecificationFault =
  | { readonly code: 'fault-unknown'; readonly item: string; readonly name: string }
  | {
      readonly code: 'fault-value'
      readonly item: string
      readonly allowed: string
    }
  | { readonly code: 'specification-empty'; readonly item: string }

const durationMsMax = 600_000
const rateMin = 1_000
const rateMax = 10_000_000_000
const unitBytes: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/**
 * Names separated by commas: `all`, `none`, a kind, a kind with a value (`partition=2s`, `loss=5%`), a kind to leave out
 * (`-wiped-disk`). What only leaves out begins with all of them.
 */
export function parseFaultSpecification(
  text: string,
  kinds: readonly FaultKind[]
): FaultSpecification | SpecificationFault {
  const items = text.split(',').map(item => item.trim())
  const isOnlyLess = items.every(item => item.startsWith('-'))
  const all = kinds.map(({ name }) => name)
  const names = new Set(isOnlyLess ? all : [])
  const named = new Set<string>()
  const values = new Map<string, number>()
  for (const item of items) {
    if (item === '') return { code: 'specification-empty', item: text }
    if (item === 'none') {
      names.clear()
      named.clear()
      continue
    }
    if (item === 'all') {
      for (const name of all) names.add(name)
      continue
    }
    const isLess = item.startsWith('-')
    const [name = '', value] = splitOnce(isLess ? item.slice(1) : item)
    const kind = kinds.find(each => each.name === name)
    if (kind === undefined) return { code: 'fault-unknown', item, name }
    if (isLess) {
      if (value !== undefined) return { code: 'fault-value', item, allowed: `-${name}` }
      names.delete(name)
      named.delete(name)
      continue
    }
    names.add(name)
    named.add(name)
    if (value === undefined) continue
    const number = numberOf(value, kind)
    if (number === undefined) return { code: 'fault-value', item, allowed: exampleOf(kind) }
    values.set(name, number)
  }
  return { names, named, values }
}

function splitOnce(item: string): [string, string | undefined] {
  const at = item.indexOf('=')
  return at === -1 ? [item, undefined] : [item.slice(0, at), item.slice(at + 1)]
}

function numberOf(text: string, { parameter }: FaultKind): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|%|[kMG]?B)$/.exec(text) ?? []
  const number = Number(amount)
  if (parameter === 'percent') return unit === '%' && number <= 100 ? number : undefined
  if (parameter === undefined) return undefined
  if (parameter === 'rate') {
    const bytes = Math.round(number * (unitBytes[unit] ?? Number.NaN))
    return bytes >= rateMin && bytes <= rateMax ? bytes : undefined
  }
  const ms = number * (unitMs[unit] ?? Number.NaN)
  return ms >= 1 && ms <= durationMsMax ? Math.round(ms) : undefined
}

function exampleOf({ name, parameter }: FaultKind): string {
  if (parameter === undefined) return `${name} without a value`
  if (parameter === 'rate')
    return `${name}=R with R from 1kB to 10GB a second, such as ${name}=500kB`
  return parameter === 'percent'
    ? `${name}=P% with P from 0 to 100`
    : `${name}=T with T from 1ms to ${durationMsMax / 60_000}m, such as ${name}=2s`
}
