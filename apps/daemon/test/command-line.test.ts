import { describe, expect, test } from 'vitest'
import { run } from '../src/index.ts'
import { captureIo } from './capture-io.ts'

async function runLine(...argv: readonly string[]) {
  const io = captureIo()
  const exitCode = await run(argv, io)
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}

const verbs = [
  'init',
  'genesis',
  'start',
  'devnet',
  'chaos',
  'status',
  'peers',
  'put',
  'get',
  'list',
  'submit',
  'tail',
  'stop',
  'simulate',
  'completion'
]

describe('help', () => {
  test('names every verb, the exit codes and the data directory, and not what is hidden', async () => {
    const { exitCode, out, err } = await runLine('--help')
    expect([exitCode, err]).toEqual([0, ''])
    for (const verb of verbs) expect(out).toMatch(new RegExp(`^  ${verb} `, 'm'))
    expect(out).toContain('3 node not running')
    expect(out).toContain('NOVACRON_DATA_DIR')
    expect(out).not.toMatch(/^ {2}load/m)
  })

  test.each(verbs)('of %s has an example', async verb => {
    const { exitCode, out } = await runLine(verb, '--help')
    expect(exitCode).toBe(0)
    expect(out).toMatch(new RegExp(`Examples?:\\n  \\$ (source <\\()?.*novacron ${verb}`))
    expect(await runLine('help', verb)).toMatchObject({ exitCode: 0, out })
  })

  test.each(['ordering', 'catch-up'])('of bench %s has examples', async measured => {
    const { exitCode, out } = await runLine('bench', measured, '--help')
    expect(exitCode).toBe(0)
    expect(out).toContain(`Examples:\n  $ novacron bench ${measured}\n`)
    expect((await runLine('bench', '--help')).out).toMatch(new RegExp(`^  ${measured} `, 'm'))
  })

  test('shows times as they are written', async () => {
    expect((await runLine('put', '--help')).out).toMatch(/--timeout <time> [^-]*\(default:\s+30s\)/)
    expect((await runLine('devnet', '--help')).out).toContain('(default: 60s)')
  })

  test('without a verb it is shown on standard error, as wrong usage', async () => {
    const { exitCode, out, err } = await runLine()
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain('Usage: novacron')
  })

  test('the version is the software version', async () => {
    expect(await runLine('--version')).toEqual({ exitCode: 0, out: '0.1.0\n', err: '' })
  })
})

describe('wrong usage is one line and exit code 2', () => {
  test.each([
    { argv: ['stauts'], line: "unknown command 'stauts' (Did you mean status?)" },
    { argv: ['status', '--jsn'], line: "unknown option '--jsn' (Did you mean --json?)" },
    {
      argv: ['status', '--zzzzzzz'],
      line: "unknown option '--zzzzzzz'; options come after the verb, and VERB --help lists them"
    },
    {
      argv: ['tail', '--from', '1', '-n', '1', '-f'],
      line: 'of --from, --lines and --follow, only two go together; leave one'
    },
    { argv: ['put', 'a'], line: "missing required argument 'value'" },
    {
      argv: ['get', 'a', 'b'],
      line: "too many arguments for 'get'. Expected 1 argument but got 2: a, b."
    },
    { argv: ['genesis', '--node', 'x'], line: "required option '--out <file>' not specified" },
    {
      argv: ['devnet', '--nodes', '0'],
      line: "option '--nodes <count>' argument '0' is invalid. Allowed is an integer from 1 to 31."
    },
    {
      argv: ['devnet', '--nodes', '32'],
      line: "option '--nodes <count>' argument '32' is invalid. Allowed is an integer from 1 to 31."
    },
    {
      argv: ['devnet', '--duration', '20'],
      line: "option '--duration <time>' argument '20' is invalid. Allowed is a number with ms, s, m or h, such as 20s, from 1ms to 720h."
    },
    {
      argv: ['devnet', '--tx-bytes', '131073'],
      line: "option '--tx-bytes <count>' argument '131073' is invalid. Allowed is an integer from 1 to 131072."
    },
    {
      argv: ['submit', '--wait', 'forever'],
      line: "option '--wait <state>' argument 'forever' is invalid. Allowed is none, accepted, committed."
    },
    { argv: ['completion', 'tcsh'], line: 'shell is "tcsh", allowed is bash, zsh, fish' },
    { argv: ['put', '', 'x'], line: 'key has 0 bytes, allowed are 1 to 1024' },
    { argv: ['put', 'k'.repeat(1025), 'x'], line: 'key has 1025 bytes, allowed are 1 to 1024' },
    {
      argv: ['get', '@x'],
      line: '@x names no log entry, allowed is @INDEX[.ORDINAL] from @1; for a key that begins with @ give --key'
    },
    {
      argv: ['tail', '--raw', '--json'],
      line: '--raw and --json exclude each other; give one of them'
    }
  ])('$argv', async ({ argv, line }) => {
    const { exitCode, out, err } = await runLine(...argv)
    expect({ exitCode, out, err }).toEqual({ exitCode: 2, out: '', err: `novacron: ${line}\n` })
  })
})

describe('completion', () => {
  test.each([
    { shell: 'bash', words: ["tail) words='--from --lines", '-F _novacron novacron'] },
    {
      shell: 'zsh',
      words: ['#compdef novacron', "'--follow[go on with new entries until Ctrl-C]'"]
    },
    { shell: 'fish', words: ["'__fish_seen_subcommand_from tail' -l follow", '-a devnet -d'] }
  ])('of $shell knows verbs and options, and nothing hidden', async ({ shell, words }) => {
    const { exitCode, out, err } = await runLine('completion', shell)
    expect([exitCode, err]).toEqual([0, ''])
    for (const word of [...verbs, ...words]) expect(out).toContain(word)
    expect(out).not.toContain('tied')
    expect(out).not.toContain('--control')
  })
})

test.each([
  { argv: ['status'], path: '/nowhere/.novacron/control.sock' },
  { argv: ['stop', '--data-dir', '/nowhere/x'], path: '/nowhere/x/control.sock' },
  { argv: ['tail', '--follow', '--data-dir', '/nowhere/x'], path: '/nowhere/x/control.sock' }
])(
  'a node that does not run: $argv says where it was looked for, exit code 3',
  async ({ argv, path }) => {
    const { exitCode, out, err } = await runLine(...argv)
    expect([exitCode, out]).toEqual([3, ''])
    const directory = path.slice(0, path.lastIndexOf('/'))
    expect(err).toBe(
      `novacron: no node runs on ${directory} (nothing answers on ${path}); start it: novacron start --data-dir ${directory}\n`
    )
  }
)
