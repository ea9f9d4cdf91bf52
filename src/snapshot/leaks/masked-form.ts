/**
 * The forms by which a masked value is recognised without the key. Random letters look like a secret to any scan, so
 * what the masker makes of a long token carries a checksum of its own letters: a real secret has it once in half a
 * million. Masking and leak scan share these functions and can therefore not drift apart.
 */

/** A hexadecimal token of this length or more carries the checksum. */
export const HEX_CHECKED_MIN = 16
/** Letter and digit, so that it reads as a hexadecimal number and not as a word or a number. */
export const HEX_PREFIX = 'f0'
const HEX_CHECK_LENGTH = 6

/** A token with this many letters or more carries the checksum in the last four of them. */
export const CHECKED_LETTERS_MIN = 8
export const LETTER_CHECK_LENGTH = 4

const LETTER_CHECKS = 26 ** LETTER_CHECK_LENGTH

/** What the last four letters of a masked token are, given those before them (lower case). */
export function letterCheck(letters: string): string {
  let rest = fnv1a(letters) % LETTER_CHECKS
  let check = ''
  for (let index = 0; index < LETTER_CHECK_LENGTH; index++) {
    check += String.fromCharCode(0x61 + (rest % 26))
    rest = Math.floor(rest / 26)
  }
  return check
}

/** Whether the letters of a token are those that the masker gave it. */
export function hasLetterCheck(token: string): boolean {
  const letters = token.replaceAll(/[^A-Za-z]+/g, '').toLowerCase()
  const body = letters.length - LETTER_CHECK_LENGTH
  return (
    letters.length >= CHECKED_LETTERS_MIN &&
    letters.slice(body) === letterCheck(letters.slice(0, body))
  )
}

/** The last six digits of a masked hexadecimal token, given those before them (lower case). */
export function hexCheck(body: string): string {
  return (fnv1a(body) >>> 8).toString(16).padStart(HEX_CHECK_LENGTH, '0')
}

/** `token` consists of hexadecimal digits. */
export function isMaskedHex(token: string): boolean {
  const lower = token.toLowerCase()
  const body = lower.slice(0, -HEX_CHECK_LENGTH)
  return body.startsWith(HEX_PREFIX) && lower.endsWith(hexCheck(body))
}

/** Hosts that can exist nowhere (RFC 2606, RFC 6761), and this machine. */
export function isReservedHost(host: string): boolean {
  return (
    /(?:^|\.)(?:example|test|invalid|localhost|example\.(?:com|net|org))\.?$/i.test(host) ||
    /^(?:127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?)$/.test(host)
  )
}

/** The query that the masker puts in the place of any other: one hexadecimal token. */
export function isMaskedQuery(query: string): boolean {
  const value = /^\?q=([0-9a-f]{16,})$/.exec(query)?.[1]
  return value !== undefined && isMaskedHex(value)
}

/** Check digit of cards. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = digits.length - 1, isDouble = false; index >= 0; index--, isDouble = !isDouble) {
    const digit = digits.charCodeAt(index) - 0x30
    sum += isDouble ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** Check digits of IBANs (ISO 13616); without blanks, upper case. */
export function passesIbanCheck(iban: string): boolean {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  // FNV mixes its last letters badly into the upper bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
