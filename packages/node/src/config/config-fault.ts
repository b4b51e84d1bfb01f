import { Fault } from '@novacron/base'

/** What is wrong with a data directory, in words that an operator can act on. */
export type ConfigFacts =
  | { readonly code: 'file-missing'; readonly path: string; readonly remedy: string }
  | { readonly code: 'file-exists'; readonly path: string; readonly remedy: string }
  | {
      readonly code: 'file-unreadable'
      readonly path: string
      readonly reason: string
      readonly remedy: string
    }
  | {
      readonly code: 'file-unwritable'
      readonly path: string
      readonly reason: string
      readonly remedy: string
    }
  | {
      readonly code: 'file-mode'
      readonly path: string
      readonly mode: string
      readonly allowed: string
      readonly remedy: string
    }
  | { readonly code: 'key-malformed'; readonly path: string; readonly remedy: string }
  | {
      readonly code: 'key-reused'
      readonly path: string
      readonly other: string
      readonly remedy: string
    }
  /** The directory belongs to another chain than its genesis. */
  | {
      readonly code: 'other-chain'
      readonly path: string
      readonly begunOn: string
      readonly chain: string
      readonly remedy: string
    }
  /** All that is wrong in one file, one problem each. */
  | { readonly code: 'invalid'; readonly path: string; readonly problems: readonly string[] }

export type ConfigFault = Fault<ConfigFacts>

export function configFault(facts: ConfigFacts, cause?: unknown): ConfigFault {
  return new Fault(facts, { cause })
}

/** What is wrong, where, and what to do: one line, or for several problems a line each below the first. */
export function describeConfigFault({ facts }: ConfigFault): string {
  switch (facts.code) {
    case 'file-missing':
      return `${facts.path} is missing; ${facts.remedy}`
    case 'file-exists':
      return `${facts.path} exists already; ${facts.remedy}`
    case 'file-unreadable':
      return `${facts.path} cannot be used (${facts.reason}); ${facts.remedy}`
    case 'file-unwritable':
      return `${facts.path} cannot be written (${facts.reason}); ${facts.remedy}`
    case 'file-mode':
      return `${facts.path} has mode ${facts.mode}, allowed is ${facts.allowed}; ${facts.remedy}`
    case 'key-malformed':
      return `${facts.path} holds no key; ${facts.remedy}`
    case 'key-reused':
      return `${facts.path} holds the same key as ${facts.other}; ${facts.remedy}`
    case 'other-chain':
      return `this directory was begun on chain ${facts.begunOn}, and ${facts.path} is of chain ${facts.chain}; ${facts.remedy}`
    case 'invalid': {
      const [only, ...others] = facts.problems
      if (others.length === 0) return `${facts.path} is not valid: ${only}`
      return [`${facts.path} is not valid:`, ...facts.problems.map(each => `  ${each}`)].join('\n')
    }
  }
}
