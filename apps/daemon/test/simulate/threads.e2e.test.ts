import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { conditionsIn } from '../../src/simulate/run-seeds.ts'
import { CapturedOutput, captureIo, sourceProgram } from '../capture-io.ts'
import { runJson, runSimulate } from './run-simulate.ts'

const small = ['bullshark', '--replicas', '4', '--virtual', '300ms']

describe('with threads', () => {
  test('everything but the cost is as with none', async () => {
    const outcome = async (workers: number) => {
      const argv = [...small, '--seeds', '6', '--workers', String(workers)]
      const { exitCode, summary } = await runJson(argv)
      const { seconds, cpuSeconds, workers: used, ...rest } = summary
      const { messagesPerSecond, virtualSecondsPerSecond, virtualSecondsPerCpuSecond, ...same } =
        rest
      expect(cpuSeconds).toBeGreaterThan(0)
      return { exitCode, used, same }
    }
    const one = await outcome(1)
    const two = await outcome(2)
    expect(two).toEqual({ ...one, used: 2 })
    expect(one).toMatchObject({ exitCode: 0, same: { seeds: 6, passed: 6 } })
  })

  test('one seed is told as without', async () => {
    const tellingOf = async (workers: string) => {
      const { out } = await runSimulate([...small, '--seed', '4', '--workers', workers])
      return out.slice(0, out.indexOf('virtual s,'))
    }
    expect((await tellingOf('2')).split('\n').slice(0, -1)).toEqual(
      (await tellingOf('1')).split('\n').slice(0, -1)
    )
  })

  test.each(['1', '2'])('what nobody foresaw ends the command, with %s of them', async workers => {
    const { exitCode, err } = await runSimulate(['thrower', '--seeds', '4', '--workers', workers])
    expect(exitCode).toBe(1)
    expect(err).toMatch(/^novacron: unexpected: Error: seed [12] is too much/)
  })
})

describe('conditions by which modules are found', () => {
  test.each([
    { flags: ['--conditions=a', '--conditions', 'b', '-C', 'c'], all: ['a', 'b', 'c'] },
    { flags: ['--import', 'x', '--title=-C', '-C', 'c'], all: ['c'] },
    { flags: ['--conditions-of', 'a', '-C'], all: [] }
  ])('$flags', ({ flags, all }) => {
    expect(conditionsIn(flags)).toEqual(all.map(name => `--conditions=${name}`))
  })

  test.each([
    { flags: ['--conditions=@novacron/source'] },
    { flags: ['--conditions', '@novacron/source'] },
    { flags: ['-C', '@novacron/source'] }
  ])('are those of the command in its threads too: $flags', async ({ flags }) => {
    const program = { ...sourceProgram, flags }
    const { err } = await runSimulate(['whence', '--seeds', '2', '--workers', '2'], { program })
    expect(err).toMatch(/Error: file:\S+\/packages\/simulator\/src\/index\.ts/)
  })
})

describe('an interrupted command', () => {
  /** Aborts when the first line of progress is drawn. */
  async function interruptAtOnce(...argv: readonly string[]) {
    const stop = new AbortController()
    class Stderr extends CapturedOutput {
      override write(chunk: string | Uint8Array): void {
        super.write(chunk)
        stop.abort()
      }
    }
    const io = { ...captureIo({ signal: stop.signal, env: {} }), stderr: new Stderr(true) }
    const exitCode = await run(['simulate', ...argv, '--json'], io)
    return { exitCode, summary: JSON.parse(io.stdout.text) }
  }

  test.each(['1', '2'])('says what was done until then, with %s workers', async workers => {
    const { exitCode, summary } = await interruptAtOnce(
      ...[...small, '--seeds', '100000', '--workers', workers]
    )
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ interrupted: true, failed: [] })
    expect(summary.seeds).toBeGreaterThan(0)
    expect(summary.seeds).toBeLessThan(100_000)
    expect(summary.passed).toBe(summary.seeds)
  })

  test.each(['1', '2'])('before anything was done has failed, with %s workers', async workers => {
    const signal = AbortSignal.abort()
    const { exitCode, out, err } = await runSimulate([...small, '--workers', workers], { signal })
    expect([exitCode, out]).toEqual([1, ''])
    expect(err).toBe('novacron: interrupted before a seed had ended\n')
  })
})

describe('the simulator', () => {
  /** Names of its modules on standard error as they are loaded. */
  const hook = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    registerHooks({
      load(url, context, next) {
        if (url.includes('/packages/simulator/')) console.error('loads ' + url)
        return next(url, context)
      }
    })`)}`

  function start(...argv: readonly string[]) {
    const { execPath, flags, main } = sourceProgram
    return spawnSync(execPath, [...flags, '--import', hook, main, ...argv], { encoding: 'utf8' })
  }

  test('is loaded by no other verb', () => {
    const status = start('help', 'simulate')
    expect([status.status, status.stderr]).toEqual([0, ''])
    expect(start('simulate', 'nothing').stderr).toContain('loads ')
  })
})
