/** One argument of a command line, as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Of a result, so that whoever finds it can make it again. */
export function commandLine(argv: readonly string[]): string {
  return ['novacron', ...argv.map(shellWord)].join(' ')
}
