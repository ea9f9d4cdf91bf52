/** Texts of engines and scenarios on one line, for terminals and lists: nothing in them may steer what shows them. */
import { stripVTControlCharacters } from 'node:util'

/** Without escape sequences; control characters and line breaks become a blank. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ')
}
