import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { Io } from './io.ts'

/** Parsers of option values; what they throw names what is allowed, commander adds the option and the value. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const durationMsMax = 30 * 24 * 3_600_000

/** `500ms`, `20s`, `1.5m`, `2h` in milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Math.round(Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN))
  if (ms >= 1 && ms <= durationMsMax) return ms
  throw new InvalidArgumentError(
    'Allowed is a number with ms, s, m or h, such as 20s, from 1ms to 720h.'
  )
}

export function integer(min: number, max: number): (text: string) => number
export function integer<const Word extends string>(
  min: number,
  max: number,
  word: Word
): (text: string) => number | Word
export function integer(
  min: number,
  max: number,
  word?: string
): (text: string) => number | string {
  const otherwise = word === undefined ? '' : `, or ${word}`
  return text => {
    if (text === word) return word
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Allowed is an integer from ${min} to ${max}${otherwise}.`)
  }
}

export function oneOf<const T extends string>(...values: readonly T[]): (text: string) => T {
  return text => {
    const value = values.find(each => each === text)
    if (value !== undefined) return value
    throw new InvalidArgumentError(`Allowed is ${values.join(', ')}.`)
  }
}

/** A JSON object. */
export function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below, as for any other text that is no object.
  }
  throw new InvalidArgumentError('Allowed is a JSON object.')
}

/** Gathers the values of an option that may be given several times. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** Gathers `name=value` pairs. */
export function pairs(
  text: string,
  before: Readonly<Record<string, string>> = {}
): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Allowed is name=value.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** `--data-dir`, or NOVACRON_DATA_DIR, or `~/.novacron`; absolute. */
export function dataDirectory(given: string | undefined, { env }: Pick<Io, 'env'>): string {
  const { NOVACRON_DATA_DIR: fromEnv, HOME: home } = env
  const named = given ?? (fromEnv === '' ? undefined : fromEnv)
  return resolve(named ?? join(home ?? homedir(), '.novacron'))
}

/** For people: `1 node`, `4 nodes`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** For people: `850 ms`, `20 s`. */
export function showMs(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`
}

/** For results: no more digits after the point than say something. */
export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
