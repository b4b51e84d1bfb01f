import type { z } from 'zod'
import { closest } from './suggestion.ts'

/** One wrong parameter: where, what was there, what may be there. */
interface ParamProblem {
  readonly key: string
  readonly value: string
  readonly allowed: string
}

const problemsMax = 8
/** Of an issue whose schema says nothing itself. */
const defaultMessage = 'Invalid input'
const shownLengthMax = 80

type Issue = z.core.$ZodIssue

export function paramProblems(
  error: z.core.$ZodError,
  params: unknown,
  keys: readonly string[]
): readonly ParamProblem[] {
  return error.issues.flatMap(issue => problemsOf(issue, params, keys)).slice(0, problemsMax)
}

export function describeProblem({ key, value, allowed }: ParamProblem): string {
  return `${key}: ${value} is not allowed; allowed is ${allowed}`
}

function problemsOf(issue: Issue, params: unknown, keys: readonly string[]): ParamProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => unknownKey(issue, key, params, keys))
  }
  // Of the members of a union, the one that got furthest is what was meant.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const nearest = [...issue.errors].sort((a, b) => depthOf(b) - depthOf(a))[0] ?? []
    const deeper = nearest.filter(inner => inner.path.length > 0)
    if (deeper.length > 0) {
      return deeper.flatMap(inner =>
        problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, params, keys)
      )
    }
    const each = [...new Set(issue.errors.flat().map(allowedBy))].join(', or ')
    // A schema that has words of its own knows better what its members have in common.
    const allowed = issue.message === defaultMessage ? each : issue.message
    return [{ key: nameOf(issue.path), value: show(at(params, issue.path)), allowed }]
  }
  return [
    { key: nameOf(issue.path), value: show(at(params, issue.path)), allowed: allowedBy(issue) }
  ]
}

function depthOf(issues: readonly Issue[]): number {
  return issues.reduce((depth, issue) => Math.max(depth, issue.path.length), 0)
}

function unknownKey(
  issue: Issue,
  key: string,
  params: unknown,
  keys: readonly string[]
): ParamProblem {
  const path = [...issue.path, key.slice(0, shownLengthMax)]
  const meant = issue.path.length === 0 ? closest(key, keys) : undefined
  const known =
    issue.path.length === 0 && keys.length > 0 ? `only ${keys.join(', ')}` : 'no such key'
  const allowed = meant === undefined ? known : `${known}; did you mean ${meant}?`
  return { key: nameOf(path), value: show(at(params, [...issue.path, key])), allowed }
}

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(issue.expected)
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'invalid_format':
      return issue.pattern === undefined || issue.format === 'base64'
        ? article(issue.format)
        : `text like ${issue.pattern}`
    case 'invalid_value':
      return issue.values.map(String).join(' | ')
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? issue.options.map(String).join(' | ')
        : 'one of the documented forms'
    default:
      return issue.message
  }
}

function article(noun: string): string {
  return noun === 'int' ? 'an integer' : /^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`
}

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : ''
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'params' : path.map(String).join('.')
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined
    inner = (inner as Record<PropertyKey, unknown>)[key]
  }
  return inner
}

/** Bounded and shallow, whatever was sent. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, shownLengthMax)) : `${value}`
  return typeof value === 'string' && value.length > shownLengthMax ? `${text}…` : text
}
