import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiFault } from '@novacron/node'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { type CaptureOptions, captureIo, chunksOf } from '../capture-io.ts'
import { FakeNode, serveFakeNode } from '../fake-node.ts'

/** Runs a verb against a fake node. */
async function setUp(node = new FakeNode()) {
  const served = await serveFakeNode(node)
  const verb = async (argv: readonly string[], options: CaptureOptions = {}) => {
    const io = captureIo({ env: { NOVACRON_DATA_DIR: served.directory }, ...options })
    const exitCode = await run(argv, io)
    return { exitCode, out: io.stdout.text, bytes: io.stdout.bytes, err: io.stderr.text }
  }
  return { ...served, verb }
}

const binary = Uint8Array.from([0, 255, 254, 10, 13, 0])

describe('status', () => {
  test('says who, how far, and what is missing', async () => {
    const { node, verb } = await setUp()
    node.reasons = ['no vertex from node-3 since round 9']
    const { exitCode, out } = await verb(['status'])
    expect(exitCode).toBe(0)
    expect(out).toContain('node       node-1 (member, 12D3KooWFake)\n')
    expect(out).toContain('protocol   bullshark, epoch 0, round 12\n')
    expect(out).toContain('uptime     61.5 s\n')
    expect(out).toContain('missing    no vertex from node-3 since round 9\n')
    expect(out).not.toContain('ingest')
  })

  test('as JSON is what the node answered', async () => {
    const { node, verb } = await setUp()
    expect(JSON.parse((await verb(['status', '--json'])).out)).toEqual(node.status())
  })

  test('of a node without a quorum has exit code 4, although it runs', async () => {
    const { node, verb } = await setUp()
    node.reasons = ['no quorum: not connected to node-3, node-4']
    const { exitCode, out } = await verb(['status'])
    expect(exitCode).toBe(4)
    expect(out).toContain('missing    no quorum: not connected to node-3, node-4\n')
  })

  test('of a node that is not running yet has exit code 4', async () => {
    const { node, verb } = await setUp()
    node.state = 'recovering'
    expect(await verb(['status'])).toMatchObject({ exitCode: 4, err: '' })
  })
})

test('peers are a table, or JSON', async () => {
  const { node, verb } = await setUp()
  const lines = (await verb(['peers'])).out.trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(
    /^node-2 +connected +0\.4 +0 +10 +20 +- +- +\/ip4\/127\.0\.0\.1\/tcp\/1 +12D3KooWFake$/
  )
  expect(lines[2]).toMatch(/^member +connecting +-/)
  expect(lines[3]).toMatch(/^observer +refused .* direct +tls +- +12D3KooWFake$/)
  expect(JSON.parse((await verb(['peers', '--json'])).out)).toEqual({ peers: node.peers() })
})

describe('put, get and list', () => {
  test('a value comes back as it was, with nothing added', async () => {
    const { verb } = await setUp()
    expect(await verb(['put', 'colour', 'blue'])).toMatchObject({ exitCode: 0, out: '@1.0\n' })
    expect(await verb(['get', 'colour'])).toMatchObject({ exitCode: 0, out: 'blue' })
    expect(JSON.parse((await verb(['get', 'colour', '--json'])).out)).toEqual({
      key: { utf8: 'colour' },
      value: { utf8: 'blue' },
      version: 1,
      index: 3
    })
  })

  test('bytes that are no text go both ways, from standard input and to a file', async () => {
    const { verb } = await setUp()
    await verb(['put', 'logo', '-'], { stdin: chunksOf(binary.subarray(0, 2), binary.subarray(2)) })
    expect([...(await verb(['get', 'logo'])).bytes]).toEqual([...binary])
  })

  test('text that was no UTF-8 on the command line is refused, since it would name something else', async () => {
    const { node, verb } = await setUp()
    for (const argv of [
      ['put', 'k\ufffd', 'v'],
      ['put', 'k', 'v\ufffd'],
      ['get', '\ufffd'],
      ['list', 'a\ufffd']
    ]) {
      const { exitCode, err } = await verb(argv)
      expect(exitCode).toBe(2)
      expect(err).toMatch(/^novacron: (key|value|prefix) is not UTF-8, or holds U\+FFFD; .*\n$/)
    }
    expect(node.submitted).toEqual([])
  })

  test('a terminal gets a line end where there is none', async () => {
    const { verb } = await setUp()
    await verb(['put', 'a', 'x'])
    await verb(['put', 'b', 'y\n'])
    expect((await verb(['get', 'a'], { isTty: true })).out).toBe('x\n')
    expect((await verb(['get', 'b'], { isTty: true })).out).toBe('y\n')
  })

  test('a key that is not there is told, exit code 1', async () => {
    const { verb } = await setUp()
    const line = 'novacron: there is no key "no" at commit 3\n'
    expect(await verb(['get', 'no'])).toMatchObject({ exitCode: 1, out: '', err: line })
    const { exitCode, out } = await verb(['get', 'no', '--json'])
    expect([exitCode, JSON.parse(out).value]).toEqual([1, null])
  })

  test('--key takes an argument with @ as a key', async () => {
    const { node, verb } = await setUp()
    node.put('@1', 'odd')
    expect((await verb(['get', '--key', '@1'])).out).toBe('odd')
  })

  test('list gives version, size and key of each, page after page', async () => {
    const { node, verb } = await setUp()
    for (let i = 0; i < 450; i++) node.put(`k/${String(i).padStart(3, '0')}`, 'v')
    node.put('other key', 'four')
    const lines = (await verb(['list'])).out.trimEnd().split('\n')
    expect(lines).toHaveLength(451)
    expect([lines[0], lines[450]]).toEqual(['1\t1\tk/000', '1\t4\t"other key"'])
    expect((await verb(['list', 'other', '--json'])).out).toBe(
      '{"key":{"utf8":"other key"},"value":{"utf8":"four"},"version":1}\n'
    )
    expect(await verb(['list', 'nothing'])).toMatchObject({ exitCode: 0, out: '' })
  })

  test('list says when there is more than was asked for', async () => {
    const { node, verb } = await setUp()
    for (const key of ['a', 'b', 'c']) node.put(key, 'v')
    const { out, err } = await verb(['list', '--limit', '2'])
    expect(out).toBe('1\t1\ta\n1\t1\tb\n')
    expect(err).toBe('novacron: there are more keys; give --limit above 2\n')
    expect((await verb(['list', '--limit', '3'])).err).toBe('')
  })
})

describe('submit', () => {
  test('takes a file, or standard input, and prints where it stands', async () => {
    const { node, directory, verb } = await setUp()
    const file = join(directory, 'file')
    writeFileSync(file, binary)
    expect(await verb(['submit', '--file', file])).toMatchObject({ exitCode: 0, out: '@1.0\n' })
    const piped = await verb(['submit', '--json'], { stdin: chunksOf('a', 'b') })
    expect(JSON.parse(piped.out)).toMatchObject({ state: 'committed', index: 2, ordinal: 0 })
    expect([...(await verb(['get', '@1'])).bytes]).toEqual([...binary])
    expect((await verb(['get', '@2.0'])).out).toBe('ab')
    expect(node.submitted.map(({ wait }) => wait)).toEqual(['committed', 'committed'])
  })

  test.each(['none', 'accepted'])(
    'with --wait %s the transaction is named by its session',
    async wait => {
      const { verb } = await setUp()
      const { exitCode, out } = await verb(['submit', '--wait', wait])
      expect([exitCode, out]).toEqual([0, `accepted, session ${'ab'.repeat(16)} sequence 1\n`])
    }
  )

  test('the limit is exact: one byte more is refused before anything is sent', async () => {
    const { node, directory, verb } = await setUp()
    const file = join(directory, 'file')
    writeFileSync(file, new Uint8Array(131_072))
    expect(await verb(['submit', '--file', file])).toMatchObject({ exitCode: 0 })
    writeFileSync(file, new Uint8Array(131_073))
    expect(await verb(['submit', '--file', file])).toMatchObject({
      exitCode: 1,
      out: '',
      err: `novacron: ${file} has 131073 bytes, allowed are 131072 in one transaction; split it\n`
    })
    expect(await verb(['submit'], { stdin: chunksOf(new Uint8Array(131_072), 'x') })).toMatchObject(
      {
        err: 'novacron: standard input has more than 131072 bytes, allowed are 131072 in one transaction; split it\n'
      }
    )
    expect(node.submitted).toHaveLength(1)
  })

  test('a file that is not there, or no file, is told', async () => {
    const { directory, verb } = await setUp()
    const missing = join(directory, 'missing')
    expect(await verb(['submit', '--file', missing])).toMatchObject({
      exitCode: 1,
      err: `novacron: ${missing} cannot be read (ENOENT); name a file that can\n`
    })
    expect((await verb(['submit', '--file', directory])).err).toContain('(EISDIR)')
  })

  test.each([[], ['--json']])('what changed nothing is a failure (%s)', async (...flags) => {
    const { node, verb } = await setUp()
    node.code = 'session-expired'
    const { exitCode, out, err } = await verb(['submit', ...flags])
    expect(exitCode).toBe(1)
    expect(err).toBe(
      'novacron: the transaction is in the log and changed nothing: session-expired\n'
    )
    expect(out === '').toBe(flags.length === 0)
  })

  test('refusals of the node have its words, and their exit code', async () => {
    const { node, verb } = await setUp()
    node.onSubmit = async () => {
      throw apiFault({ code: 'not-ready', state: 'recovering' })
    }
    const refused = await verb(['submit'])
    expect(refused.exitCode).toBe(4)
    expect(refused.err).toMatch(
      /^novacron: the node answered not-ready: .*\(state recovering\); .*\n$/
    )
    node.onSubmit = async () => {
      throw apiFault({ code: 'busy', retryAfterMs: 50 })
    }
    expect(await verb(['submit'])).toMatchObject({ exitCode: 1 })
  })

  test('a node that does not answer in time is given up', async () => {
    const { node, verb } = await setUp()
    node.onSubmit = () => new Promise(() => undefined)
    const { exitCode, err } = await verb(['submit', '--timeout', '10ms'])
    expect(exitCode).toBe(1)
    expect(err).toBe(
      'novacron: tx.submit was not answered within 2 s; look at the log of the node\n'
    )
  })

  test('Ctrl-C ends the wait', async () => {
    const { node, verb } = await setUp()
    const end = new AbortController()
    node.onSubmit = () => {
      end.abort()
      return new Promise(() => undefined)
    }
    expect(await verb(['submit'], { signal: end.signal })).toMatchObject({
      exitCode: 1,
      err: 'novacron: interrupted\n'
    })
  })
})

describe('a transaction that was not committed in time', () => {
  const session = 'cd'.repeat(16)
  const name = ['--session', session, '--sequence', '7']
  const late = async () => {
    throw apiFault({ code: 'timeout', afterMs: 30_000, session, sequence: 7 })
  }

  test('is named, so that it can be asked for again', async () => {
    const { node, verb } = await setUp()
    node.onSubmit = late
    for (const argv of [['submit'], ['put', 'k', 'v']]) {
      const { exitCode, out, err } = await verb([...argv, '--json'])
      expect(exitCode).toBe(1)
      expect(JSON.parse(out)).toEqual({ session, sequence: 7, state: 'pending' })
      expect(err).toBe(
        `novacron: not committed within 30 s, and it may still be; ask again, without running it twice, by the same command with --session ${session} --sequence 7\n`
      )
      expect((await verb(argv)).out).toBe('')
    }
  })

  test('that has no number yet was not submitted', async () => {
    const { node, verb } = await setUp()
    node.onSubmit = async () => {
      throw apiFault({ code: 'timeout', afterMs: 30_000 })
    }
    const { exitCode, out, err } = await verb(['submit', '--json'])
    expect([exitCode, out]).toEqual([1, ''])
    expect(err).toMatch(/^novacron: nothing was submitted within 30 s, .*\n$/)
  })

  test('is sent again under its own number', async () => {
    const { node, verb } = await setUp()
    expect(await verb(['put', 'k', 'v', ...name])).toMatchObject({ exitCode: 0, out: '@1.0\n' })
    expect(node.submitted).toMatchObject([{ session, sequence: 7 }])
  })

  test('that was committed meanwhile is told as it was, and not sent', async () => {
    const { node, verb } = await setUp()
    const known = { session, sequence: 7, state: 'committed' } as const
    node.statuses.push({ ...known, index: 5, ordinal: 2, code: 'ok' }, known)
    expect(await verb(['put', 'k', 'v', ...name])).toMatchObject({ exitCode: 0, out: '@5.2\n' })
    const forgotten = `committed before, session ${session} sequence 7\n`
    expect(await verb(['put', 'k', 'v', ...name])).toMatchObject({ exitCode: 0, out: forgotten })
    expect(node.submitted).toEqual([])
  })

  test('that is committed between question and repetition is told as it was', async () => {
    const { node, verb } = await setUp()
    node.code = 'duplicate'
    const committed = { session, sequence: 7, state: 'committed', index: 5, ordinal: 2 } as const
    const unknown = { session, sequence: 7, state: 'unknown' } as const
    node.statuses.push(unknown, { ...committed, code: 'version-mismatch' })
    expect(await verb(['put', 'k', 'v', ...name])).toMatchObject({
      exitCode: 1,
      err: 'novacron: the transaction is in the log and changed nothing: version-mismatch\n'
    })
    expect(await verb(['put', 'k', 'v', ...name])).toMatchObject({
      exitCode: 0,
      out: `committed before, session ${session} sequence 7\n`
    })
  })

  test('can be given a session of its own beforehand, which is told first', async () => {
    const { node, verb } = await setUp()
    node.onSubmit = () => Promise.reject(new Error('gone'))
    const opened = '1'.padStart(32, '0')
    const { err } = await verb(['put', 'k', 'v', '--session', 'new'])
    expect(err).toContain(`novacron: opened session ${opened}, this is its sequence 1\n`)
    node.onSubmit = undefined
    const again = ['--session', opened, '--sequence', '1']
    expect(await verb(['put', 'k', 'v', ...again])).toMatchObject({ exitCode: 0 })
    expect(node.submitted).toMatchObject([{ session: opened, sequence: 1 }])
  })

  test.each([
    [['--session', session]],
    [['--sequence', '1']],
    [['--session', 'xyz', '--sequence', '1']],
    [['--session', 'new', '--sequence', '1']]
  ])('half a name is wrong usage: %s', async flags => {
    const { node, verb } = await setUp()
    const { exitCode, err } = await verb(['submit', ...flags])
    expect(exitCode).toBe(2)
    expect(err).toContain('--session ID and --sequence NUMBER go together')
    expect(node.submitted).toEqual([])
  })
})

describe('get @index', () => {
  test('an entry that is not there is told, with the next one', async () => {
    const { node, verb } = await setUp()
    node.commit('a', 'b')
    node.commit('c')
    expect((await verb(['get', '@1.1'])).out).toBe('b')
    expect(await verb(['get', '@1.2'])).toMatchObject({
      exitCode: 1,
      err: 'novacron: there is no log entry @1.2; the next one is @2.0\n'
    })
    expect((await verb(['get', '@9'])).err).toBe('novacron: there is no log entry @9.0\n')
    expect(JSON.parse((await verb(['get', '@2', '--json'])).out)).toMatchObject({
      index: 2,
      payload: Buffer.from('c').toString('base64')
    })
  })

  test('what was pruned is told with the lowest index', async () => {
    const { node, verb } = await setUp()
    node.lowest = 5
    const { exitCode, err } = await verb(['get', '@1'])
    expect(exitCode).toBe(1)
    expect(err).toContain('pruned')
    expect(err).toContain('lowest 5')
  })
})

describe('stop', () => {
  test('waits until the node is gone', async () => {
    const { node, server, verb } = await setUp()
    node.onStop = () => void setTimeout(() => server[Symbol.asyncDispose](), 60)
    expect(await verb(['stop'])).toMatchObject({ exitCode: 0, out: 'node-1 stopped\n' })
    expect(node.stops).toBe(1)
  })

  test('as JSON', async () => {
    const { node, server, verb } = await setUp()
    node.onStop = () => void setImmediate(() => server[Symbol.asyncDispose]())
    expect((await verb(['stop', '--json'])).out).toBe('{"stopped":"node-1"}\n')
  })

  test('a node that stays is a failure', async () => {
    const { verb } = await setUp()
    expect(await verb(['stop', '--timeout', '3s'])).toMatchObject({
      exitCode: 1,
      err: 'novacron: node-1 was told to stop and still runs after 3 s; look at its log\n'
    })
  })
})
