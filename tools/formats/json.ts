import { Fault } from '@novacron/base'
import { quietScenario, scenarioOfJson } from '@novacron/simulator'
import fc from 'fast-check'
import { parseLatencyMatrix } from '../../apps/daemon/src/simulate/latency-matrix.ts'
import { createJwt, refuseAuthorization } from '../../packages/node/src/api/jwt.ts'
import { parseJson } from '../../packages/node/src/config/data-file.ts'
import { parseGenesis, parseNodePart } from '../../packages/node/src/config/genesis.ts'
import { parseNodeOptions } from '../../packages/node/src/config/node-options.ts'
import type { Result } from '../../packages/node/src/config/result.ts'
import { textOfLine } from '../../packages/node/src/telemetry/log-text.ts'
import { genesisOf, partOf } from '../../packages/node/test/config/node-parts.ts'
import type { Format } from './format.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** A file for people has many texts for one value; what is read from one, written again, is read as the same. */
function jsonFile<T>(
  name: string,
  values: fc.Arbitrary<unknown>,
  read: (json: unknown) => T
): Format {
  return {
    name,
    homes: ['packages/node/src/config/data-file.ts'],
    samples: values.map(value => bytesOf(JSON.stringify(value))),
    decode(bytes) {
      const value = read(parseJson(textOf(bytes), 'a file'))
      const written = JSON.stringify(value)
      if (JSON.stringify(read(JSON.parse(written))) !== written) {
        throw new RangeError(`read again it is another value: ${written}`)
      }
      return value
    }
  }
}

function orFault<T>(result: Result<T>): T {
  if (result.type === 'ok') return result.value
  throw new Fault({ code: 'invalid', problems: result.problems.length })
}

const scenarios = fc
  .record({ seed: fc.nat(), replicas: fc.integer({ min: 4, max: 20 }) })
  .map(drawn => ({ ...quietScenario, ...drawn }))

const names = fc.constantFrom('a', 'b', 'c')
const secret = new Uint8Array(32).fill(7)
const nowSeconds = 1_700_000_000

export const jsonFormats: readonly Format[] = [
  jsonFile('genesis.json', fc.constant(genesisOf(['a', 'b', 'c', 'd'])), json =>
    orFault(parseGenesis(json))
  ),
  jsonFile(
    'part of a genesis',
    names.map(name => partOf(name)),
    json => orFault(parseNodePart(json))
  ),
  jsonFile(
    'config.json',
    names.map(name => ({ name, metrics: { port: null }, log: { level: 'warn' } })),
    json => orFault(parseNodeOptions(json))
  ),
  jsonFile('scenario of the simulator', scenarios, scenarioOfJson),
  {
    name: 'latency matrix',
    homes: [],
    samples: fc.array(fc.nat(60_000), { minLength: 4, maxLength: 4 }).map(([a, b, c, d]) =>
      bytesOf(
        JSON.stringify([
          [a, b],
          [c, d]
        ])
      )
    ),
    decode: bytes => parseLatencyMatrix(textOf(bytes), 'a file')
  },
  {
    name: 'bearer token (a reason in place of a fault)',
    homes: ['packages/node/src/api/jwt.ts'],
    samples: fc.constant(bytesOf(`Bearer ${createJwt(secret, nowSeconds)}`)),
    decode: bytes => refuseAuthorization(textOf(bytes), secret, nowSeconds)
  },
  {
    name: 'line of the log (itself in place of a fault)',
    homes: ['packages/node/src/telemetry/log-text.ts'],
    samples: fc
      .oneof(fc.constantFrom('null', '7', '[]', '"text"'), fc.json())
      .map(text => bytesOf(text)),
    decode: bytes => textOfLine(textOf(bytes), true)
  }
]

/** Files with something else in one place: a value of another type, a list or an object that goes deep. */
export function misplaced(samples: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(samples, fc.nat(), fc.jsonValue({ maxDepth: 4 })).map(([sample, draw, other]) => {
    let places = 0
    const json: unknown = JSON.parse(textOf(sample), (_key, value) => {
      places++
      return value
    })
    let left = draw % places
    const changed = JSON.stringify(json, (_key, value: unknown) => (left-- === 0 ? other : value))
    return bytesOf(changed ?? 'null')
  })
}

/** Files in which very many things are wrong at once: each list and object of the sample holds that many instead. */
export function* crowded(sample: Uint8Array, count: number): Generator<Uint8Array> {
  const json = JSON.parse(textOf(sample)) as Record<string, unknown>
  for (const key of Object.keys(json)) {
    yield bytesOf(JSON.stringify({ ...json, [key]: Array.from({ length: count }, () => 0) }))
  }
  yield bytesOf(
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0])))
  )
}

/** Those of them that are an object in JSON. */
export const jsonFileNames: readonly string[] = [
  'genesis.json',
  'part of a genesis',
  'config.json',
  'scenario of the simulator'
]
