/** What a character is to the masker. Letters and digits are replaced; everything else is structure and stays. */

export const OTHER = 0
export const LETTER = 1
export const DIGIT = 2
/** A letter beyond ASCII. */
export const WIDE = 3
/** The characters that base64 has beside letters and digits: `+`, `/`, `=`, `-`, `_`. */
export const JOINER = 4
/** `@` and `:` may begin or end something that is recognised as a whole. */
export const MARK = 5

const ASCII = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code)
  if (/[A-Za-z]/.test(character)) ASCII[code] = LETTER
  else if (/\d/.test(character)) ASCII[code] = DIGIT
  else if (/[+/=_-]/.test(character)) ASCII[code] = JOINER
  else if (/[@:]/.test(character)) ASCII[code] = MARK
}

export function classOf(code: number): number {
  return code < 128 ? ASCII[code]! : isWideLetter(code) ? WIDE : OTHER
}

/** Blanks and punctuation beyond ASCII stay: signatures see blanks and quotation marks. All else may be a letter. */
function isWideLetter(code: number): boolean {
  if (code < 0xc0) return code === 0xaa || code === 0xb5 || code === 0xba
  if (code === 0xd7 || code === 0xf7 || code === 0xfeff) return false
  if (code === 0x1680 || code === 0x3000) return false
  return code < 0x2000 || (code > 0x206f && (code < 0x20a0 || code > 0x20cf))
}
