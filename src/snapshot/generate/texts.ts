/**
 * Words for people's eyes: products, partners, remarks, drawn once from faker with the generator's seed and then handed
 * out by number, so that rows stay fast and memory small. Faker is loaded only here, because its import takes 120 ms.
 * No names of persons: firms are named after words, not after surnames.
 */
import { hash32 } from '../../foundation/random.ts'

export const POOL_SIZE = 400

export interface Texts {
  /** With its article number: `[CH-0412] Chaise de jardin`. */
  product(id: number): string
  /** What stands in front of the four digits of a product, behind them, and the firms: `id % POOL_SIZE` picks. */
  readonly productCodes: readonly string[]
  readonly productNames: readonly string[]
  readonly partners: readonly string[]
  /** A sentence that somebody typed. */
  note(id: number): string
}

export async function loadTexts(seed: string): Promise<Texts> {
  const { Faker, base, de, en, fr } = await import('@faker-js/faker')
  const locales = [fr, de, en].map((locale, index) => {
    const faker = new Faker({ locale: [locale, en, base] })
    faker.seed(hash32(`${seed}\u0000texts`) + index)
    return faker
  })
  const faker = locales[2]!
  const pool = (draw: (index: number) => string): string[] =>
    Array.from({ length: POOL_SIZE }, (_, index) => draw(index))
  const names = pool((index) => locales[index % locales.length]!.commerce.productName())
  const codes = pool(() => faker.string.alpha({ length: 2, casing: 'upper' }))
  const partners = pool(() => {
    const word = faker.word.adjective()
    return `${word[0]!.toUpperCase()}${word.slice(1)} ${faker.commerce.department()} Ltd`
  })
  const notes = pool(() => `${faker.hacker.phrase()}\nref "${faker.string.alphanumeric(6)}"`)
  const productCodes = codes.map((code) => `[${code}-`)
  const productNames = names.map((name) => `] ${name}`)
  return {
    product: (id) =>
      `${productCodes[id % POOL_SIZE]!}${String(id % 10_000).padStart(4, '0')}${productNames[id % POOL_SIZE]!}`,
    productCodes,
    productNames,
    partners,
    note: (id) => notes[id % POOL_SIZE]!,
  }
}

/** How Odoo shows a record of a model: by a reference with its number, or by a name of one of the pools. */
export type DisplayName =
  | 'product'
  | 'partner'
  /** `INV/` + year and `/` if `withYear` + at least `width` digits. */
  | { readonly prefix: string; readonly withYear: boolean; readonly width: number }

export function displayNameOf(model: string): DisplayName {
  return DISPLAY_NAMES[model] ?? numbered('#', 1)
}

function numbered(prefix: string, width: number): DisplayName {
  return { prefix, withYear: false, width }
}

const DISPLAY_NAMES: Readonly<Record<string, DisplayName>> = {
  'sale.order': numbered('S', 6),
  'account.move': { prefix: 'INV/', withYear: true, width: 6 },
  'stock.picking': numbered('WH/OUT/', 6),
  'payment.transaction': numbered('TX-', 7),
  'product.product': 'product',
  'product.template': 'product',
  'stock.quant': 'product',
  'res.partner': 'partner',
  'mrp.production': numbered('WH/MO/', 6),
  'mrp.bom': 'product',
  'purchase.order': numbered('P', 6),
  'sale.subscription': numbered('SUB', 6),
}
