/** The parts of a masker that know one kind of thing each, all under one key. */
import type { Derivation } from './key.ts'
import { Dates } from './dates.ts'
import { Digits } from './digits.ts'
import { Names } from './names.ts'
import { Tokens } from './tokens.ts'
import { Uuids } from './uuids.ts'
import { Words } from './words.ts'

export interface Parts {
  readonly words: Words
  readonly digits: Digits
  readonly tokens: Tokens
  readonly uuids: Uuids
  readonly dates: Dates
  readonly names: Names
}

export function partsOf(keys: Derivation): Parts {
  const words = new Words(keys)
  const digits = new Digits(keys)
  return {
    words,
    digits,
    tokens: new Tokens(keys, words, digits),
    uuids: new Uuids(keys),
    dates: new Dates(keys),
    names: new Names(keys),
  }
}
