/** Masks what is recognised as a whole, each in a form that shows it to be masked and can exist nowhere. */
import { KINDS, SENTENCE_END, URL_PARTS } from '../leaks/kinds.ts'
import type { Treatment } from '../leaks/kinds.ts'
import type { Parts } from './parts.ts'

const QUERY_LENGTH_MIN = 16
const QUERY_LENGTH_MAX = 40
/** Schemes that say how something was asked for. */
const SCHEMES =
  /^(?:https?|wss?|s?ftps?|file|ldaps?|smtps?|imaps?|amqps?|rediss?|postgres(?:ql)?|s3):\/\/$/i

const IBAN = KINDS.find(({ treatment }) => treatment === 'iban')!

export class Recognised {
  readonly #parts: Parts
  readonly #text: (text: string) => string

  /** `text` masks free text. */
  constructor(parts: Parts, text: (text: string) => string) {
    this.#parts = parts
    this.#text = text
  }

  mask(treatment: Treatment, match: string): string {
    switch (treatment) {
      case 'url':
        return this.#url(match)
      case 'email':
        return this.#parts.names.email(match)
      case 'uuid':
        return this.#parts.uuids.mask(match)
      case 'number':
        return this.#number(match)
      case 'iban':
        return this.#iban(match)
      case 'address':
        return this.#parts.names.address(match)
      case 'token':
        return this.#parts.tokens.secret(match)
    }
  }

  /** Scheme, port and structure stay; user and password go; the query becomes one token. */
  #url(url: string): string {
    const [, scheme = '', , host = '', port = '', path = '', query = ''] = URL_PARTS.exec(url) ?? []
    const told = query.replace(SENTENCE_END, '')
    const length = Math.min(Math.max(told.length - 3, QUERY_LENGTH_MIN), QUERY_LENGTH_MAX)
    return [
      SCHEMES.test(scheme) ? scheme : this.#text(scheme.slice(0, -3)) + '://',
      this.#parts.names.host(host),
      port,
      this.#text(path),
      told === '' ? '' : `?q=${this.#parts.tokens.hex(told, length)}`,
      query.slice(told.length),
    ].join('')
  }

  /** Cards and telephone numbers: one number in groups. What can be dialled gets a head that cannot. */
  #number(text: string): string {
    const masked = this.#parts.digits.grouped(text)
    const digits = text.replaceAll(/\D+/g, '')
    if (text.startsWith('+')) return `+0${masked.slice(1)}`
    if (digits.startsWith('00')) return `0${masked}`
    if (digits.startsWith('0')) return `00${masked}`
    return digits.length > 10 ? masked : masked.replace(/\d/, (digit) => `000${digit}`)
  }

  #iban(text: string): string {
    const masked = this.#parts.tokens.whole(text)
    if (!IBAN.isReal(masked)) return masked
    return masked.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10))
  }
}
