import type { z } from 'zod'
import { closest } from '../api/suggestion.ts'

/** One wrong value: where, what is there, what may be there, and what to do. */
export interface Problem {
  readonly key: string
  readonly value: string
  readonly allowed: string
  readonly remedy: string
}

const shownLengthMax = 80

export function describeProblem({ key, value, allowed, remedy }: Problem): string {
  return `${key} is ${value}, allowed is ${allowed}; ${remedy}`
}

/** A problem found by a rule that a schema cannot express. */
export function problemAt(key: string, value: unknown, allowed: string, remedy?: string): Problem {
  return { key, value: show(value), allowed, remedy: remedy ?? `change ${key}` }
}

/** Every issue of a failed parse. The message of an issue says what is allowed (fields.ts). */
export function problemsOf(error: z.core.$ZodError, schema: z.ZodType, input: unknown): Problem[] {
  return error.issues.flatMap(issue => {
    const path = issue.path
    if (issue.code !== 'unrecognized_keys') {
      const key = nameOf(path)
      const value = valueAt(input, path)
      const verb = value === undefined ? 'add' : 'change'
      return [problemAt(key, value, issue.message, `${verb} ${key}`)]
    }
    const keys = keysAt(schema, path)
    return issue.keys.map(unknown => {
      const key = nameOf([...path, unknown.slice(0, shownLengthMax)])
      const meant = closest(unknown, keys)
      const remedy =
        meant === undefined ? `remove ${key}` : `did you mean ${nameOf([...path, meant])}?`
      const allowed = `one of ${keys.join(', ')}`
      return { key, value: 'an unknown key', allowed, remedy }
    })
  })
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the whole' : path.map(String).join('.')
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text
}

/** Keys of the object schema at a path of the input, through defaults, nullables and lists. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = bare(schema)
  for (const key of path) {
    const { shape, element } = definitionOf(at)
    at = bare(typeof key === 'number' ? element : shape?.[String(key)])
  }
  return Object.keys(definitionOf(at).shape ?? {})
}

interface Definition {
  readonly shape?: Readonly<Record<string, unknown>>
  readonly element?: unknown
  readonly innerType?: unknown
}

function definitionOf(schema: unknown): Definition {
  return (schema as { readonly def?: Definition } | undefined)?.def ?? {}
}

function bare(schema: unknown): unknown {
  const { innerType } = definitionOf(schema)
  return innerType === undefined ? schema : bare(innerType)
}
