import type { Problem } from '@novacron/node'
import { commandFault } from './command-fault.ts'

/**
 * What is wrong with values that came from options, said of the options: undefined when `flagOf` knows none for one of them,
 * since then the fault lies elsewhere. A line each when there are several.
 */
export function flagFault(
  problems: readonly Problem[],
  flagOf: (key: string) => string | undefined
): Error | undefined {
  const lines: string[] = []
  for (const { key, value, allowed } of problems) {
    const flag = flagOf(key)
    if (flag === undefined) return undefined
    lines.push(`${flag} is ${value}, allowed is ${allowed}`)
  }
  const text = lines.length === 1 ? lines[0] : ['options are not valid:', ...lines].join('\n  ')
  return text === undefined ? undefined : commandFault('usage', text)
}
