/**
 * Words for people's eyes: products, partners, remarks, drawn once from faker with the generator's seed and then handed
 * out by number, so that rows stay fast and memory small. Faker is loaded only here, because its import takes 120 ms.
 * No names of persons: firms are named after words, not after surnames.
 */
import { hash32 } from '../../foundation/random.ts'

const POOL_SIZE = 400

export interface Texts {
  /** With its article number: `[CH-0412] Chaise de jardin`. */
  product(id: number): string
  partner(id: number): string
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
  const pool = (draw: (index: number) => string): ((id: number) => string) => {
    const list = Array.from({ length: POOL_SIZE }, (_, index) => draw(index))
    return (id) => list[id % POOL_SIZE]!
  }
  const names = pool((index) => locales[index % locales.length]!.commerce.productName())
  const codes = pool(() => faker.string.alpha({ length: 2, casing: 'upper' }))
  return {
    product: (id) => `[${codes(id)}-${String(id % 10_000).padStart(4, '0')}] ${names(id)}`,
    partner: pool(() => {
      const word = faker.word.adjective()
      return `${word[0]!.toUpperCase()}${word.slice(1)} ${faker.commerce.department()} Ltd`
    }),
    note: pool(() => `${faker.hacker.phrase()}\nref "${faker.string.alphanumeric(6)}"`),
  }
}

/** What Odoo shows of a record. */
export function displayName(model: string, id: number, year: number, texts: Texts): string {
  switch (model) {
    case 'sale.order':
      return `S${String(id).padStart(6, '0')}`
    case 'account.move':
      return `INV/${year}/${String(id).padStart(6, '0')}`
    case 'stock.picking':
      return `WH/OUT/${String(id).padStart(6, '0')}`
    case 'payment.transaction':
      return `TX-${String(id).padStart(7, '0')}`
    case 'product.product':
    case 'product.template':
    case 'stock.quant':
      return texts.product(id)
    case 'res.partner':
      return texts.partner(id)
    default:
      return `#${id}`
  }
}
