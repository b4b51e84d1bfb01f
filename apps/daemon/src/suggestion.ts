import { closest } from '@novacron/node'

/** What was meant by a word that is none of `words`, to be put behind it; empty when nothing is close. */
export function suggestion(word: string, words: readonly string[]): string {
  const meant = closest(word, words)
  return meant === undefined ? '' : ` (Did you mean ${meant}?)`
}
