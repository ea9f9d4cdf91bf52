/**
 * The kinds of personal and secret values that can be told by their form, most telling first. Each has the pattern of
 * the form, and whether a match is the real thing rather than a masked one. The masker replaces whatever matches the
 * pattern; the scan complains about what is real.
 */
import {
  hasLetterCheck,
  isMaskedHex,
  isMaskedQuery,
  isReservedHost,
  passesIbanCheck,
  passesLuhn,
} from './masked-form.ts'
import { RANDOM_LENGTH_MIN, isHexToken, isRandomRun, isRandomToken } from './randomness.ts'

export type Treatment = 'url' | 'email' | 'uuid' | 'number' | 'iban' | 'address' | 'token'

export interface Kind {
  /** As told to people. */
  readonly name: string
  /** How the masker replaces it. */
  readonly treatment: Treatment
  /** Text without any of these holds no match: what makes a scan of millions of rows quick. Empty = no such hint. */
  readonly hints: readonly string[]
  /** Global; matched against what the kinds above have left over. */
  readonly pattern: RegExp
  /** Whether a match has the form at all, where the pattern cannot say it; default: it has. */
  isForm?(match: string): boolean
  /** Whether what has the form tells something; a masked value does not. */
  isReal(match: string): boolean
}

const always = (): boolean => true

const URL_PATTERN = /\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>)\]]+/gi

/** Scheme, user info with its `@`, host, port with its `:`, path, query and fragment. */
export const URL_PARTS =
  /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#]*)@)?(\[[0-9a-f:.]*\]?|[^/?#:]*)(:\d*)?([^?#]*)([^]*)$/i

export const KINDS: readonly Kind[] = [
  {
    name: 'private key',
    hints: ['-----BEGIN'],
    treatment: 'token',
    pattern:
      /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?(?:-----(?:[^]*?-----END [A-Z0-9 ]*-----)?)?/g,
    isReal: always,
  },
  {
    name: 'JSON web token',
    hints: ['eyJ'],
    treatment: 'token',
    pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?/g,
    isReal: always,
  },
  {
    name: 'AWS access key',
    hints: ['AKIA', 'ASIA', 'AROA', 'AIDA'],
    treatment: 'token',
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}(?![A-Za-z0-9])/g,
    isReal: always,
  },
  {
    name: 'Stripe key',
    hints: ['_live_', '_test_', 'whsec_'],
    treatment: 'token',
    pattern: /(?<![A-Za-z])(?:(?:sk|pk|rk)_(?:live|test)|whsec)_[0-9A-Za-z]{10,}/g,
    isReal: always,
  },
  {
    name: 'Slack token',
    hints: ['xox', 'xapp-'],
    treatment: 'token',
    pattern: /(?<![A-Za-z])(?:xox[abeoprs]|xapp)-[0-9A-Za-z-]{10,}/g,
    isReal: always,
  },
  {
    name: 'GitHub token',
    hints: ['gho_', 'ghp_', 'ghs_', 'ghr_', 'ghu_', 'github_pat_', 'glpat-'],
    treatment: 'token',
    pattern:
      /(?<![A-Za-z])(?:gh[opsru]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}|glpat-[\w-]{16,})/g,
    isReal: always,
  },
  {
    name: 'Google API key',
    hints: ['AIza'],
    treatment: 'token',
    pattern: /(?<![A-Za-z])AIza[\w-]{30,}/g,
    isReal: always,
  },
  {
    name: 'URL',
    hints: ['://'],
    treatment: 'url',
    pattern: URL_PATTERN,
    isReal: isRealUrl,
  },
  {
    name: 'e-mail address',
    hints: ['@'],
    treatment: 'email',
    pattern: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
    isReal: (match) => !isReservedHost(match.slice(match.indexOf('@') + 1)),
  },
  {
    // No secret in itself, but its digits could be taken for a card's.
    name: 'uuid',
    treatment: 'uuid',
    hints: ['-'],
    pattern: /(?<![A-Za-z0-9])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?!\w)/gi,
    isReal: () => false,
  },
  {
    name: 'random token (key or password)',
    hints: [],
    treatment: 'token',
    pattern: /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{24,}/g,
    isForm: isRunOfOneToken,
    isReal: (match) => !hasLetterCheck(match),
  },
  {
    name: 'IBAN',
    hints: [],
    treatment: 'iban',
    pattern:
      /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    isReal: (match) => isIban(match.replaceAll(' ', '')),
  },
  {
    name: 'card number',
    hints: [],
    treatment: 'number',
    pattern:
      /(?<!\d|\d[.,:])(?!0)(?:\d{13,19}|\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?|\d{4}[ -]\d{6}[ -]\d{4,5})(?![.,:]?\d)/g,
    isReal: (match) => isCard(match.replaceAll(/\D+/g, '')),
  },
  {
    name: 'phone number',
    hints: [],
    treatment: 'number',
    pattern:
      /(?:(?<![\w.+-])\+|(?<![\w.+/-])00)[ .]?[1-9](?:[ .()/-]{0,3}\d){7,14}(?!\w)|(?<![\w.,:/+-])0[1-9]\d{0,4}(?:[ ./-]?\d{2,8}){1,5}(?![\w:])|(?<![\w.-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\w.-])/g,
    isForm: isPhone,
    isReal: always,
  },
  {
    name: 'IP address',
    hints: ['.'],
    treatment: 'address',
    pattern:
      /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\w)/g,
    isReal: (match) => !isReservedHost(match) && Number.parseInt(match, 10) < 240,
  },
]

/**
 * The whole run counts as one token if it looks random and no part of it is one by itself: a hexadecimal number, or a
 * token that looks random alone.
 */
export function isRunOfOneToken(run: string): boolean {
  return (
    /[+/=_-]/.test(run) &&
    isRandomRun(run) &&
    !run.split(/\W+/).some(isHexToken) &&
    !run.split(/[^A-Za-z0-9]+/).some(isRandomToken)
  )
}

/** Whether an unbroken token tells something. `isBounded`: no word character stands beside it. */
export function isRealToken(token: string, isBounded: boolean): boolean {
  if (token.length < RANDOM_LENGTH_MIN) return false
  if (isBounded && isHexToken(token)) return !isMaskedHex(token)
  if (isBounded && /^0x[0-9a-f]+$/i.test(token)) return !isMaskedHex(token.slice(2))
  return isRandomToken(token) && !hasLetterCheck(token)
}

/** Belongs to the sentence around a URL, not to its query. */
export const SENTENCE_END = /[.,;:!?]+$/

function isRealUrl(match: string): boolean {
  const [, , user, host = '', , , query = ''] = URL_PARTS.exec(match) ?? []
  if (user !== undefined) return true
  if (host !== '' && !isReservedHost(host)) return true
  const told = query.replace(SENTENCE_END, '')
  return told !== '' && !isMaskedQuery(told)
}

/** Lengths by country: ISO 13616 registry; any other country is no IBAN. */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    15: 'NO',
    16: 'BE',
    18: 'DK FI FO GL NL',
    19: 'MK SI',
    20: 'AT BA EE KZ LT LU XK',
    21: 'CH HR LI LV',
    22: 'BG BH CR DE GB GE IE ME RS VA',
    23: 'AE GI IL IQ TL',
    24: 'AD CZ ES MD PK RO SA SE SK TN VG',
    25: 'PT ST',
    26: 'IS TR',
    27: 'FR GR IT MC MR SM',
    28: 'AL AZ BY CY DO GT HU LB PL SV',
    29: 'BR EG PS QA UA',
    30: 'JO KW MU',
    31: 'MT SC',
    32: 'LC',
  }).flatMap(([length, countries]) =>
    countries.split(' ').map((country): [string, number] => [country, Number(length)]),
  ),
)

function isIban(iban: string): boolean {
  return IBAN_LENGTHS.get(iban.slice(0, 2)) === iban.length && passesIbanCheck(iban)
}

/** The first digits that card networks use. */
function isCard(digits: string): boolean {
  return digits.length >= 13 && /^(?:[3-6]|2[2-7])/.test(digits) && passesLuhn(digits)
}

/** Masked numbers begin with `000` or `+0`, which no number that can be dialled does. */
function isPhone(match: string): boolean {
  const { length } = match.replaceAll(/\D+/g, '')
  return match.startsWith('+') || match.startsWith('00')
    ? length >= 9 && length <= 15
    : length >= 9 && length <= 12
}
