/**
 * Which text a request of the client stands for: an Execute names a portal, the portal a prepared statement, and only
 * its Parse held the text. Names are resolved when the request passes, because the next one may give them anew.
 */
import { type BytesKept, zeroTerminated } from './messages.ts'

/** Texts are noted up to this many bytes; a longer one ends with `…`. */
const TEXT_LENGTH_MAX = 65_536
const NAME_LENGTH_MAX = 1024
/** Prepared statements and portals remembered per session, the newest. */
const NAMES_MAX = 10_000

/** How much of the client's messages is needed to know the texts. */
export const CLIENT_BYTES_KEPT: BytesKept = (type) => {
  if (type === 'Q') return TEXT_LENGTH_MAX
  if (type === 'P') return TEXT_LENGTH_MAX + NAME_LENGTH_MAX
  return 'BEC'.includes(type) ? 2 * NAME_LENGTH_MAX : 0
}

export class StatementTexts {
  readonly #prepared = new Map<string, string>()
  readonly #portals = new Map<string, string>()

  /** Text of a message of the client; empty where it stands for none. */
  of(type: string, body: Buffer): string {
    switch (type) {
      case 'Q':
        return textAt(body, 0)
      case 'F':
        return '-- function call'
      case 'P': {
        const name = zeroTerminated(body, 0)
        const text = textAt(body, name.end)
        remember(this.#prepared, name.text, text)
        return text
      }
      case 'B': {
        const portal = zeroTerminated(body, 0)
        const statement = zeroTerminated(body, portal.end)
        remember(this.#portals, portal.text, this.#prepared.get(statement.text) ?? '')
        return ''
      }
      case 'C': {
        const names = body.toString('latin1', 0, 1) === 'S' ? this.#prepared : this.#portals
        names.delete(zeroTerminated(body, 1).text)
        return ''
      }
      case 'E':
        return this.#portals.get(zeroTerminated(body, 0).text) ?? ''
      default:
        return ''
    }
  }
}

function textAt(body: Buffer, start: number): string {
  const { text, cut } = zeroTerminated(body, start)
  return cut ? `${text}…` : text
}

function remember(names: Map<string, string>, name: string, text: string): void {
  names.delete(name)
  names.set(name, text)
  if (names.size > NAMES_MAX) names.delete(names.keys().next().value!)
}
