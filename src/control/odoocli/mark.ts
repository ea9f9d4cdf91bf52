/**
 * Texts that begin with a dash ("-2 workers", or anything behind `--`) would pass for flags: yargs gives words behind `--`
 * to no command. They carry a mark through yargs, which no parameter of a process can hold.
 */
const MARK = '\0'

/** Without the `--`. */
export function markTexts(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  const [before, behind] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  return [
    // No flag has a blank in its name.
    ...before.map((each) => (/^-[^=]*\s/.test(each) ? MARK + each : each)),
    ...behind.map((each) => MARK + each),
  ]
}

/** A middleware for yargs: takes the marks off. */
export function unmark(argv: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(argv)) {
    if (typeof value === 'string') argv[name] = unmarked(value)
    if (Array.isArray(value)) {
      argv[name] = value.map((each) => (typeof each === 'string' ? unmarked(each) : each))
    }
  }
}

/** The text without marks, wherever they are. */
export function unmarked(text: string): string {
  return text.replaceAll(MARK, '')
}
