/** The commands of odoocli as its help texts list them, level by level. */

export interface ListedCommand {
  /** `odoocli workers scale <pool>`. */
  readonly synopsis: string
  /** `workers scale`. */
  readonly words: readonly string[]
  readonly description: string
}

/** `helpOf`: the help text of a level. Everything below it, in the order of the help. */
export async function listedCommands(
  helpOf: (words: readonly string[]) => Promise<string>,
  level: readonly string[] = [],
): Promise<readonly ListedCommand[]> {
  const [, section = ''] = /^Commands:\n([^]*?)\n\n/m.exec(await helpOf(level)) ?? []
  const found: ListedCommand[] = []
  for (const [, rest, text, more] of section.matchAll(
    /^ {2}odoocli (.+?) {2,}(\S.*)((?:\n {4,}\S.*)*)/gm,
  )) {
    const words = rest!.split(' ').filter((word) => !word.startsWith('<'))
    const description = `${text}${more}`.replace(/\s+/g, ' ')
    found.push({ synopsis: `odoocli ${rest}`, words, description })
    found.push(...(await listedCommands(helpOf, words)))
  }
  return found
}
