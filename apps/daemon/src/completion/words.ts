import type { Command } from 'commander'

export interface VerbWords {
  readonly name: string
  readonly description: string
  /** With their dashes. */
  readonly options: readonly { readonly long: string; readonly description: string }[]
}

/** Every verb of the program with its options, as its help shows them. */
export function wordsOf(program: Command): readonly VerbWords[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map(command => ({
      name: command.name(),
      description: command.description(),
      options: command
        .createHelp()
        .visibleOptions(command)
        .map(({ long, description }) => ({ long: long ?? '', description }))
        .filter(({ long }) => long !== '')
    }))
}
