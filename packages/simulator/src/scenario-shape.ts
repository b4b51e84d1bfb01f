import { Fault } from '@novacron/base'

/** Why a value is not a scenario, in words for whoever wrote it. */
export interface ScenarioFacts {
  readonly code: 'scenario-malformed'
  /** The way to the part, such as `load.clients`. */
  readonly at: string
  /** What is there, as JSON and cut; `nothing` where something is missing. */
  readonly value: string
  /** What may be there: a type, a range, the words of a closed list. */
  readonly allowed: string
  readonly remedy: string
}

/** What one part of a scenario file may be. */
export interface Shape {
  /** In words, for the one who wrote something else. */
  readonly allowed: string
  /** Left out, it has a default or is not there. */
  readonly isOptional?: boolean
  /** throws  Fault<ScenarioFacts> */
  check(at: string, value: unknown): void
}

export type Fields = Readonly<Record<string, Shape>>

/** Characters of a wrong value that are shown. */
const shownMax = 60

/** The refusal of what is at `at`; `undefined` counts as missing. */
export function malformed(at: string, value: unknown, allowed: string, remedy?: string): never {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  const shown = text.length > shownMax ? `${text.slice(0, shownMax)}...` : text
  const usual = value === undefined ? 'give it' : 'change it'
  throw new Fault<ScenarioFacts>({
    code: 'scenario-malformed',
    at,
    value: shown,
    allowed,
    remedy: remedy ?? usual
  })
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A number from `min` to `max`, both included. */
export function number(min: number, max: number): Shape {
  return numeric(`a number from ${min} to ${max}`, min, max, Number.isFinite)
}

export function integer(min: number, max: number): Shape {
  return numeric(`an integer from ${min} to ${max}`, min, max, Number.isSafeInteger)
}

function numeric(
  allowed: string,
  min: number,
  max: number,
  isNumber: (value: unknown) => boolean
): Shape {
  return leaf(allowed, value => isNumber(value) && Number(value) >= min && Number(value) <= max)
}

export const flag: Shape = leaf('true or false', value => typeof value === 'boolean')

/** One of a closed list. */
export function word(words: readonly string[]): Shape {
  return leaf(`one of ${words.join(', ')}`, value => words.some(each => each === value))
}

function leaf(allowed: string, isAllowed: (value: unknown) => boolean): Shape {
  return {
    allowed,
    check(at, value) {
      if (!isAllowed(value)) malformed(at, value, allowed)
    }
  }
}

export function list(of: Shape, lengthMax: number, lengthMin = 0): Shape {
  const allowed = `a list of ${lengthMin} to ${lengthMax}, each ${of.allowed}`
  return {
    allowed,
    check(at, value) {
      const isList = Array.isArray(value)
      if (!isList || value.length > lengthMax || value.length < lengthMin) {
        return malformed(at, value, allowed)
      }
      for (const [index, item] of value.entries()) of.check(`${at}.${index}`, item)
    }
  }
}

export function optional(shape: Shape): Shape {
  return { ...shape, isOptional: true }
}

/** An object with these fields and no others. */
export function record(fields: Fields): Shape {
  const allowed = `an object with ${Object.keys(fields).join(', ')}`
  return {
    allowed,
    check(at, value) {
      if (!isRecord(value)) return malformed(at, value, allowed)
      checkFields(at, value, fields)
    }
  }
}

/** The same, with each field left to its default where it is not given. */
export function partial(fields: Fields): Shape {
  const all = Object.entries(fields).map(([name, shape]) => [name, optional(shape)])
  return record(Object.fromEntries(all) as Fields)
}

/** Objects that are told apart by their `type`, each with the fields of its own. */
export function tagged(variants: Readonly<Record<string, Fields>>): Shape {
  const type = word(Object.keys(variants))
  const allowed = `an object whose type is ${type.allowed}`
  return {
    allowed,
    check(at, value) {
      if (!isRecord(value)) return malformed(at, value, allowed)
      type.check(`${at}.type`, value['type'])
      const fields = variants[String(value['type'])] as Fields
      checkFields(at, value, { type, ...fields })
    }
  }
}

function checkFields(at: string, value: Readonly<Record<string, unknown>>, fields: Fields): void {
  const before = at === '' ? '' : `${at}.`
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue
    const names = `fields ${Object.keys(fields).join(', ')}`
    malformed(`${before}${key}`, value[key], names, 'leave it out, or correct its name')
  }
  for (const [key, shape] of Object.entries(fields)) {
    const part = Object.hasOwn(value, key) ? value[key] : undefined
    if (part === undefined && shape.isOptional === true) continue
    shape.check(`${before}${key}`, part)
  }
}
