import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replicasMax } from '@novacron/simulator'
import { describe, expect, test } from 'vitest'
import { testDirectory } from '../test-directory.ts'
import { runJson, runSimulate, wordsOf } from './run-simulate.ts'

const small = ['--replicas', '4', '--virtual', '400ms', '--workers', '1']

describe('one seed', () => {
  test('is told in full: what it was made of, how it ended, its trace and its rate', async () => {
    const { exitCode, out, err } = await runSimulate(['bullshark', ...small, '--seed', '7'])
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/^bullshark, seed 7, 4 replicas: pass\n/)
    for (const option of ['network.delay', 'bullshark.servingMax', 'replica.evidenceMax']) {
      expect(out).toMatch(new RegExp(`^  ${option} +\\S`, 'm'))
    }
    expect(out).toMatch(/^ +0 {2}up +\d+ +\d+ +running/m)
    expect(out).toMatch(/^ {2}trace [0-9a-f]{64}$/m)
    expect(out).toMatch(/ virtual s, \d+ steps, \d+ messages in [\d.]+ s with 1 worker$/m)
    expect(out).toMatch(/ messages\/s$/m)
    expect(out).not.toContain('violation')
  })

  test('of bullshark-turbo shows its switches, and is another run than the same of bullshark', async () => {
    const { exitCode, out } = await runSimulate(['bullshark-turbo', ...small, '--seed', '7'])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^bullshark-turbo, seed 7, 4 replicas: pass\n/)
    expect(out).toMatch(/^ {2}bullshark\.turbo\.fastCommit +(true|false)$/m)
    const exact = await runSimulate(['bullshark', ...small, '--seed', '7'])
    expect(exact.out).not.toContain('turbo')
    const traceIn = (text: string) => /trace ([0-9a-f]{64})/.exec(text)?.[1]
    expect(traceIn(out)).not.toBe(traceIn(exact.out))
  })

  test('gives the same trace twice, and another than the next', async () => {
    const traceOf = async (...more: readonly string[]) =>
      (await runJson(['bullshark', ...small, ...more])).summary.traceHash
    const first = await traceOf('--seed', '7')
    expect(await traceOf('--seed', '7')).toBe(first)
    expect(await traceOf('--from-seed', '7')).toBe(first)
    expect(await traceOf('--seed', '8')).not.toBe(first)
  })

  test('shows faults with their times', async () => {
    const argv = ['bullshark', '--virtual', '3s', '--faults', 'partition=300ms', '--replicas', '4']
    const { out } = await runSimulate([...argv, '--workers', '1'])
    expect(out).toMatch(/^ +[\d.]+ +[\d.]+ +partition +forMs 300, side \d/m)
    const quiet = await runSimulate(['bullshark', ...small, '--faults', 'none'])
    expect(quiet.out).toContain('Faults: none')
  })
})

describe('members that lie', () => {
  test('are as many as asked for, named with what they do, and part of the replay', async () => {
    const { exitCode, out } = await runSimulate(['bullshark', ...small, '--byzantine', '1'])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^ {2}byzantine +\(place \d, behaviours [a-z-]+(; [a-z-]+)*\)$/m)
    const argv = ['dice', '--seed', '3', '--byzantine', '3', '--workers', '1', '--shrink-runs', '0']
    const { summary } = await runJson(argv)
    expect(summary.firstFailure.scenario.byzantine).toHaveLength(3)
    expect(summary.failed[0].replay).toBe('novacron simulate dice --seed 3 --byzantine 3')
  })
})

describe('many seeds', () => {
  test('are one JSON object', async () => {
    const { exitCode, summary } = await runJson(['bullshark', ...small, '--seeds', '2'])
    expect(exitCode).toBe(0)
    expect(Object.keys(summary).slice(0, 8)).toEqual([
      'protocol',
      'replicas',
      'seeds',
      'passed',
      'failed',
      'virtualSeconds',
      'steps',
      'traceHash'
    ])
    expect(summary).toMatchObject({
      protocol: 'bullshark',
      replicas: 4,
      seeds: 2,
      passed: 2,
      failed: [],
      workers: 1,
      interrupted: false
    })
    expect(summary.virtualSeconds).toBeGreaterThan(0.8)
    expect(summary.messagesPerSecond).toBeGreaterThan(0)
  })

  test('say how many passed, and each failure with its replay', async () => {
    const argv = ['dice', '--seeds', '7', '--from-seed', '3', '--workers', '1']
    const { exitCode, out, err } = await runSimulate([...argv, '--shrink-runs', '0'])
    expect([exitCode, err]).toEqual([1, ''])
    expect(out).toMatch(/^dice, 10 replicas: 4 of 7 seeds passed\n/)
    for (const seed of [3, 6, 9]) {
      expect(out).toContain(
        `seed ${seed}: lost: 1/${seed}\n  novacron simulate dice --seed ${seed}\n`
      )
    }
    expect(out).toContain('Seed 3 in full')
    expect(out).toMatch(/First violation, after 0\.001000 s: lost\n {2}1\/3\n {2}of 10 is gone/)
    expect(out).not.toContain('Shrunk')
  })

  test('list twenty failures, and say how many more there are', async () => {
    const argv = ['dice', '--seeds', '90', '--workers', '1', '--shrink-runs', '0']
    const { out } = await runSimulate(argv)
    expect(out.match(/^seed \d+: lost/gm)).toHaveLength(20)
    expect(out).toContain('and 10 more, which --json lists')
    const { summary } = await runJson(argv)
    expect(summary.failed).toHaveLength(30)
    expect(summary.failed[29]).toEqual({
      seed: 90,
      verdict: 'lost',
      replay: 'novacron simulate dice --seed 90'
    })
  })

  test('say what the first failure was, and what is left of it', async () => {
    const { exitCode, err, summary } = await runJson(['dice', '--seeds', '6', '--workers', '1'])
    expect(exitCode).toBe(1)
    expect(err).toContain('seed 3 ended lost; looking for a smaller scenario that does\n')
    const { firstFailure } = summary
    expect(firstFailure).toMatchObject({ seed: 3, verdict: 'lost', scenario: { replicas: 10 } })
    expect(firstFailure.shrunk).toMatchObject({
      isMinimal: true,
      scenario: { seed: 3, replicas: 4, faults: [] }
    })
  })
})

describe('a broken rule', () => {
  const argv = ['unsynced', '--replicas', '4', '--virtual', '1500ms', '--workers', '1']
  const spec = ['--faults', 'power-loss=200ms']

  test('is noticed, told, shrunk, written down, and seen again from each of these', async () => {
    const directory = join(testDirectory(), 'failures')
    const line = [...argv, ...spec, '--seeds', '6', '--write-failures', directory]
    const { exitCode, out, err } = await runSimulate(line)
    expect(exitCode).toBe(1)
    expect(err).toContain('looking for a smaller scenario that does')
    const [, seed, verdict, detail] = /^seed (\d+): ([a-z]+)(?: \(([a-z-]+)\))?: /m.exec(out) ?? []
    expect(out).toContain(`Seed ${seed} in full`)
    expect(out).toMatch(/^ {2}power-loss|^ +[\d.]+ +[\d.]+ +power-loss/m)
    expect(out).toContain(`First violation, after`)
    expect(out).toMatch(/^Events before it\n +seconds +place +event\n/m)
    expect(out).toMatch(/^ +[\d.]+ +\d {2}(sent|got) [a-z-]+ (to|from) /m)
    expect(out).toMatch(/^Shrunk in \d+ runs/m)

    const files = readdirSync(directory)
    for (const name of [`unsynced-seed-${seed}`, `unsynced-seed-${seed}-shrunk`]) {
      expect(files).toContain(`${name}.json`)
      const path = join(directory, `${name}.json`)
      expect(out).toContain(`written: ${path}`)
      const again = await runJson(['unsynced', '--scenario', path, '--shrink-runs', '0'])
      expect([again.exitCode, again.summary.seeds]).toEqual([1, 1])
      expect(again.summary.failed[0]).toEqual({
        seed: Number(seed),
        verdict,
        ...(detail === undefined ? {} : { detail }),
        replay: `novacron simulate unsynced --scenario ${path}`
      })
    }
    const path = join(directory, `unsynced-seed-${seed}-shrunk.json`)
    const shrunk = JSON.parse(readFileSync(path, 'utf8'))
    expect(shrunk.scenario.load.clients).toBe(1)
    const { summary } = await runJson([...wordsOf(shrunk.replay), '--shrink-runs', '0'])
    expect(summary.firstFailure).toMatchObject({ facts: shrunk.facts, scenario: shrunk.scenario })
  })

  test('shrunk is written down with what is seen in it, not in the whole', async () => {
    const directory = testDirectory()
    const argv = ['dice', '--seed', '3', '--workers', '1', '--write-failures', directory]
    expect((await runSimulate(argv)).exitCode).toBe(1)
    const read = (name: string) => JSON.parse(readFileSync(join(directory, name), 'utf8'))
    const [whole, shrunk] = [read('dice-seed-3.json'), read('dice-seed-3-shrunk.json')]
    expect([whole.facts, whole.scenario.replicas]).toEqual(['1/3\nof 10 is gone', 10])
    expect([shrunk.facts, shrunk.scenario.replicas]).toEqual(['1/3\nof 4 is gone', 4])
    expect(shrunk).toMatchObject({ protocol: 'dice', seed: 3, verdict: 'lost' })
    const path = join(directory, 'dice-seed-3-shrunk.json')
    expect(shrunk.replay).toBe(`novacron simulate dice --scenario ${path}`)
    expect(whole.replay).toBe('novacron simulate dice --seed 3')
  })

  test('a verdict under a relaxed law says so', async () => {
    const path = join(testDirectory(), 'scenario.json')
    const argv = ['bullshark', '--scenario', path, '--shrink-runs', '0']
    const quick = { chaosMs: 300, loadAfterMs: 50, load: { clients: 1 } }
    writeFileSync(path, JSON.stringify({ ...quick, law: { checkSignatures: false } }))
    const { exitCode, out } = await runSimulate(argv)
    expect(exitCode).toBe(0)
    const [first] = out.split('\n')
    const verdict = 'pass, with a relaxed law (law.checkSignatures is false)'
    expect(first).toBe(`bullshark, seed 1, 4 replicas: ${verdict}`)
    const { summary } = await runJson(argv)
    expect(summary.relaxedLaw).toEqual(['checkSignatures'])
    writeFileSync(path, JSON.stringify({ ...quick, law: { checkSignatures: true } }))
    expect((await runJson(argv)).summary).not.toHaveProperty('relaxedLaw')
    expect((await runSimulate(argv)).out).toContain('4 replicas: pass\n')
  })

  test('fails in the same way by the replay that is printed', async () => {
    const { summary } = await runJson([...argv, ...spec, '--seeds', '4', '--shrink-runs', '0'])
    for (const { seed, replay, ...verdict } of summary.failed) {
      expect(replay).toBe(
        `novacron simulate unsynced --seed ${seed} --replicas 4 --virtual 1500ms --faults power-loss=200ms`
      )
      const again = await runJson([...wordsOf(replay).slice(0), '--shrink-runs', '0'])
      expect(again.summary.failed).toEqual([{ seed, replay, ...verdict }])
    }
    expect(summary.failed.length).toBeGreaterThan(0)
  })

  test('of one seed is told with its replay', async () => {
    const { summary } = await runJson([...argv, ...spec, '--seeds', '4', '--shrink-runs', '0'])
    const [{ replay, verdict, detail }] = summary.failed
    const words = detail === undefined ? verdict : `${verdict} \\(${detail}\\)`
    const { exitCode, out } = await runSimulate([...wordsOf(replay), '--shrink-runs', '2'])
    expect(exitCode).toBe(1)
    expect(out).toMatch(new RegExp(`^unsynced, seed \\d+, 4 replicas: ${words}\n`))
    expect(out).toContain(`again: ${replay}\n`)
    expect(out).toContain('back to progress after healing: never')
    expect(out).toContain('less may do')
  })
})

describe('what is wrong is one line', () => {
  test.each([
    {
      argv: ['bullshrak'],
      line: "unknown protocol 'bullshrak' (Did you mean bullshark?); known: bullshark, bullshark-turbo, dice, unsynced, thrower, fragile, whence"
    },
    {
      argv: ['x'],
      line: "unknown protocol 'x'; known: bullshark, bullshark-turbo, dice, unsynced, thrower, fragile, whence"
    },
    {
      argv: ['dice', '--faults', 'crsh'],
      line: "option '--faults <spec>': 'crsh' is no fault (Did you mean crash?); allowed: all, none, crash, "
    },
    {
      argv: ['dice', '--faults', 'crash,loss=5'],
      line: "option '--faults <spec>': 'loss=5'; allowed: loss=P% with P from 0 to 100"
    },
    {
      argv: ['dice', '--faults', 'crash,'],
      line: "option '--faults <spec>': 'crash,' has an empty name; give names with commas, such as crash,loss=5%"
    },
    {
      argv: ['dice', '--replicas', '3', '--faults', 'wiped-disk'],
      line: "option '--faults <spec>': of 3 replicas none may be faulty: wiped-disk makes one so; give --replicas 4 or more, or ask for less"
    },
    {
      argv: ['dice', '--replicas', '4', '--byzantine', '1', '--faults', 'bit-flip'],
      line: "option '--faults <spec>': of 4 replicas 1 may be faulty: --byzantine 1, bit-flip make 2 so; give --replicas 7 or more, or ask for less"
    },
    {
      argv: ['dice', '--replicas', '4', '--faults', 'bit-flip,gone,old-disk'],
      line: "option '--faults <spec>': of 4 replicas 1 may be faulty: gone, bit-flip and old-disk make 2 so; give --replicas 7 or more, or ask for less"
    },
    {
      argv: ['dice', '--replicas', '2', '--faults', 'bridge'],
      line: "option '--faults <spec>': 'bridge' strikes nobody among 2 replicas; give --replicas 3 or more"
    },
    {
      argv: ['dice', '--replicas', '1025'],
      line: `option '--replicas <count>' argument '1025' is invalid. Allowed is an integer from 2 to ${replicasMax}.`
    },
    {
      argv: ['dice', '--replicas', '1'],
      line: "option '--replicas <count>' argument '1' is invalid. Allowed is an integer from 2 to 1024."
    },
    {
      argv: ['dice', '--byzantine', '4'],
      line: "option '--byzantine 4': of 10 replicas at most 3 may lie; give --replicas 13 or more"
    },
    {
      argv: ['dice', '--seed', '1', '--seeds', '2'],
      line: "option '--seed <number>' cannot be used with option '--seeds <count>'"
    },
    {
      argv: ['dice', '--scenario', 'x', '--virtual', '2s'],
      line: "option '--scenario <file>' cannot be used with option '--virtual <time>'"
    },
    {
      argv: ['dice', '--seed=-1'],
      line: "option '--seed <number>' argument '-1' is invalid. Allowed is an integer from 0 to 999999999999999."
    }
  ])('$argv', async ({ argv, line }) => {
    const { exitCode, out, err } = await runSimulate(argv)
    expect([exitCode, out]).toEqual([2, ''])
    expect(err.startsWith(`novacron: ${line}`), err).toBe(true)
    expect(err.split('\n')).toHaveLength(2)
  })

  test.each([
    { content: '{', problem: 'is not JSON (' },
    {
      content: '{"scenario":{"sead":1}}',
      problem: '; leave it out, or correct its name'
    },
    {
      content: '{"replicas":0}',
      problem: 'replicas is 0; allowed: an integer from 1 to 1024; change it'
    },
    {
      content: '{"faults":[{"type":"pause","place":0,"forMs":1}]}',
      problem: 'faults.0.atMs is nothing; allowed: a number from 0 to 86400000; give it'
    },
    { content: undefined, problem: 'cannot be read (ENOENT)' }
  ])('a scenario file with $content', async ({ content, problem }) => {
    const path = join(testDirectory(), 'scenario.json')
    if (content !== undefined) writeFileSync(path, content)
    const { exitCode, out, err } = await runSimulate(['dice', '--scenario', path])
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain(`option '--scenario <file>': ${path}`)
    expect(err).toContain(problem)
  })

  test('times of which a scenario file could not be read again', async () => {
    const { exitCode, err } = await runSimulate(['dice', '--seed', '1', '--virtual', '25h'])
    expect(exitCode).toBe(2)
    expect(err).toContain("option '--virtual 25h': allowed are at most 24h")
  })
})

describe('a directory for failures', () => {
  test.each([
    { name: 'that is a file', pathIn: (file: string) => file, code: 'ENOTDIR' },
    { name: 'inside a file', pathIn: (file: string) => join(file, 'x', 'y'), code: 'ENOTDIR' },
    { name: 'where none can be made', pathIn: () => '/proc/x/y', code: 'ENOENT' }
  ])('$name ends the command before a seed is run', async ({ pathIn, code }) => {
    const file = join(testDirectory(), 'file')
    writeFileSync(file, '')
    const path = pathIn(file)
    const argv = ['thrower', '--seeds', '4', '--workers', '1', '--write-failures', path]
    const { exitCode, out, err } = await runSimulate(argv)
    expect([exitCode, out]).toEqual([1, ''])
    const remedy = 'give --write-failures a directory that can'
    expect(err).toBe(`novacron: ${path} cannot be written (${code}); ${remedy}\n`)
  })

  test('is made with what it lies in, and is empty when all has passed', async () => {
    const path = join(testDirectory(), 'some', 'failures')
    const argv = ['dice', '--seed', '1', '--workers', '1', '--write-failures', path]
    for (const _ of ['made', 'found']) expect((await runSimulate(argv)).exitCode).toBe(0)
    expect(readdirSync(path)).toEqual([])
  })

  test.each([{ more: [] }, { more: ['--json'] }])(
    'that fails later does not take the summary along: $more',
    async ({ more }) => {
      const directory = testDirectory()
      // In the place of the second file.
      mkdirSync(join(directory, 'dice-seed-6.json'))
      const argv = ['dice', '--seeds', '6', '--workers', '1', '--shrink-runs', '0']
      argv.push('--write-failures', directory, ...more)
      const { exitCode, out, err } = await runSimulate(argv)
      expect(exitCode).toBe(1)
      const path = join(directory, 'dice-seed-6.json')
      expect(err).toContain(`novacron: ${path} cannot be written (EISDIR); give --write-failures`)
      if (more.length > 0) expect(JSON.parse(out)).toMatchObject({ seeds: 6, passed: 4 })
      else {
        expect(out).toMatch(/^dice, 10 replicas: 4 of 6 seeds passed\n/)
        expect(out).toContain(`written: ${join(directory, 'dice-seed-3.json')}\n`)
      }
    }
  )
})

describe('a failure that cannot be looked at closer', () => {
  const argv = ['fragile', '--seeds', '6', '--workers', '1']

  test('is in the summary all the same', async () => {
    const { exitCode, out, err } = await runSimulate(argv)
    expect(exitCode).toBe(1)
    expect(err).toContain('unexpected: Error: seed 3 is not told')
    expect(out).toMatch(/^fragile, 10 replicas: 4 of 6 seeds passed\n/)
    expect((await runJson(argv)).summary).toMatchObject({ seeds: 6, passed: 4 })
  })
})

describe('a latency matrix', () => {
  const rowsOf = (hosts: number, ms: number) =>
    Array.from({ length: hosts }, () => new Array<number>(hosts).fill(ms).join(',')).join('\n')

  test('gives places their distances, and is named in the replay', async () => {
    const directory = join(testDirectory(), 'my data')
    mkdirSync(directory)
    const path = join(directory, 'rtt.csv')
    writeFileSync(path, rowsOf(6, 120))
    const argv = ['bullshark', ...small, '--faults', 'none', '--latency-matrix', path]
    const { exitCode, out } = await runSimulate(argv)
    expect(exitCode).toBe(0)
    expect(out).toMatch(/network\.distancesMs +0; 60; 60; 60/)
    const failing = ['dice', '--seed', '3', '--latency-matrix', path, '--replicas', '4']
    const { summary } = await runJson([...failing, '--workers', '1', '--shrink-runs', '0'])
    const { replay } = summary.failed[0]
    expect(replay).toBe(`novacron simulate dice --seed 3 --replicas 4 --latency-matrix '${path}'`)
    const again = await runJson([
      ...wordsOf(replay.replace('my data', 'my data')),
      '--workers',
      '1'
    ])
    expect(again.summary.failed[0].replay).toBe(replay)
  })

  test('with fewer hosts than replicas is refused', async () => {
    const path = join(testDirectory(), 'rtt.csv')
    writeFileSync(path, rowsOf(3, 120))
    const { exitCode, err } = await runSimulate(['dice', '--latency-matrix', path])
    expect(exitCode).toBe(2)
    expect(err).toContain('has 3 hosts for --replicas 10; give fewer replicas or a larger matrix')
  })
})
