import { Fault } from '@novacron/base'

/** What a command itself finds wrong; `message` is one line that says what to do. */
export interface CommandFacts {
  readonly code: 'usage' | 'failed' | 'not-ready' | 'not-running' | 'interrupted'
  readonly message: string
}

export function commandFault(
  code: CommandFacts['code'],
  message: string,
  cause?: unknown
): Fault<CommandFacts> {
  return new Fault<CommandFacts>({ code, message }, { cause })
}
