import {
  endOf,
  type Fault,
  kindOf,
  type RecordedEvent,
  type Scenario,
  type SimulationReport,
  withAllOptions
} from '@novacron/simulator'
import { textTable } from '../text-table.ts'
import type { ToldRun } from './failure.ts'
import { printedVerdict, wordsOfVerdict } from './verdict.ts'

/** One run in words: what it was made of, how it ended, and what came just before the end if that was a bad one. */
export function accountOf({ scenario, report, events }: ToldRun): string[] {
  return [
    'Options',
    ...optionsOf(scenario).map(line => `  ${line}`),
    '',
    ...faultsOf(scenario),
    '',
    'Places at the end',
    ...placesOf(report).map(line => `  ${line}`),
    '',
    ...(report.firstViolation === undefined ? [] : violationOf(report.firstViolation, events))
  ]
}

/** Printed apart, or known from the rest. */
const lists: readonly string[] = ['faults', 'crashPoints']

function optionsOf(scenario: Scenario): string[] {
  const rows = Object.entries(withAllOptions(scenario)).flatMap(([key, value]) =>
    lists.includes(key) ? [] : rowsOf(key, value)
  )
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

function rowsOf(name: string, value: unknown): (readonly [string, string])[] {
  if (!isRecord(value)) return [[name, listOf(value)]]
  if (typeof value['type'] === 'string') return [[name, wordsOf(value)]]
  return Object.entries(value).flatMap(([key, part]) => rowsOf(`${name}.${key}`, part))
}

/** `heavy-tail, minMs 3, shape 1.2, maxMs 400`. */
function wordsOf({ type, ...rest }: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(rest).map(([key, value]) => `${key} ${listOf(value)}`)
  return (type === undefined ? parts : [String(type), ...parts]).join(', ')
}

function listOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(listOf).join('; ')
  if (typeof value === 'number') return String(Number(value.toFixed(3)))
  return isRecord(value) ? `(${wordsOf(value)})` : String(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function faultsOf({ faults, crashPoints, replicas }: Scenario): string[] {
  const planned = [...faults].sort((a, b) => a.atMs - b.atMs)
  const rows = planned.map(fault => [
    secondsOf(fault.atMs),
    secondsOf(endOf(fault)),
    kindOf(fault, replicas),
    detailsOf(fault)
  ])
  const points = crashPoints.map(point => `  crash point: ${wordsOf({ ...point })}`)
  if (rows.length + points.length === 0) return ['Faults: none']
  const table = rows.length === 0 ? [] : textTable(['from', 'until', 'fault', 'details'], rows)
  return ['Faults', ...table.map(line => `  ${line}`), ...points]
}

function detailsOf({ type: _, atMs: __, ...rest }: Fault): string {
  return wordsOf({ ...rest })
}

/** Seconds after the start of the run, without a unit so that columns align. */
function secondsOf(ms: number): string {
  return (ms / 1_000).toFixed(3)
}

function placesOf({ places, persists }: SimulationReport): string[] {
  const rows = places.map(({ isUp, index, state }, place) => [
    place,
    isUp ? 'up' : 'down',
    index,
    persists[place] ?? 0,
    state
  ])
  return textTable(['place', '', 'commits', 'persists', 'in its words'], rows)
}

function violationOf(
  { verdict, facts, atMs }: NonNullable<SimulationReport['firstViolation']>,
  events: readonly RecordedEvent[]
): string[] {
  const before = events.filter(event => event.atMs <= atMs)
  const rows = before.map(({ atMs: at, place, what, value }) => [
    (at / 1_000).toFixed(6),
    place,
    value === 0 ? what : `${what} (${value})`
  ])
  return [
    `First violation, after ${(atMs / 1_000).toFixed(6)} s: ${wordsOfVerdict(printedVerdict(verdict))}`,
    ...facts.split('\n').map(line => `  ${line}`),
    '',
    'Events before it',
    ...textTable(['seconds', 'place', 'event'], rows).map(line => `  ${line}`),
    ''
  ]
}
