/** Things that must never leave a production database, each with the name by which the scan tells it. */

export interface Secret {
  readonly text: string
  readonly kind: string
}

const PEM = [
  '-----BEGIN RSA PRIVATE KEY-----',
  'MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1',
  'iWwlHoFbXEcVfBB8gyTzQZ2vKXSE3eAPQJvXcHvjTgdPNB0g1rMoB6AHWOZ5Gmq3',
  '-----END RSA PRIVATE KEY-----',
]

export const SECRETS: readonly Secret[] = [
  { text: 'jan.dejong@acme-logistics.nl', kind: 'e-mail address' },
  { text: 'https://hooks.acme-logistics.nl/v2/orders', kind: 'URL' },
  { text: 'https://api.partner.example/v2?access_token=topsecretvalue', kind: 'URL' },
  { text: 'https://svc_user:hunter2hunter2@erp.example/rpc', kind: 'URL' },
  { text: 'DE89370400440532013000', kind: 'IBAN' },
  { text: 'GB29 NWBK 6016 1331 9268 19', kind: 'IBAN' },
  { text: '4111111111111111', kind: 'card number' },
  { text: '5500 0055 5555 5559', kind: 'card number' },
  { text: '+33 6 12 34 56 78', kind: 'phone number' },
  { text: '06 12 34 56 78', kind: 'phone number' },
  { text: '0033612345678', kind: 'phone number' },
  { text: '(415) 555-2671', kind: 'phone number' },
  { text: '203.0.114.77', kind: 'IP address' },
  {
    text: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
    kind: 'JSON web token',
  },
  { text: 'AKIAIOSFODNN7EXAMPLE', kind: 'AWS access key' },
  { text: 'kT9vXq2LmZ7/pR4sWn8+YbC1dEf6GhJ3KaU5oQzM', kind: 'random token (key or password)' },
  { text: ['sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_'), kind: 'Stripe key' },
  {
    text: ['xoxb', '123456789012', '1234567890123', 'AbCdEfGhIjKlMnOpQrStUvWx'].join('-'),
    kind: 'Slack token',
  },
  { text: ['ghp', '16C7e42F292c6912E7710c838347Ae178B4a'].join('_'), kind: 'GitHub token' },
  { text: 'da39a3ee5e6b4b0d3255bfef95601890afd80709', kind: 'random token (key or password)' },
  { text: 'q7Rk2mX9pL4vB8nZ3wT6yC1d', kind: 'random token (key or password)' },
]

/** Several lines: only where lines can be. */
export const PRIVATE_KEY: Secret = { text: PEM.join('\n'), kind: 'private key' }

/** What no scan can tell: it must go all the same. */
export const WORDS: readonly string[] = [
  'Dupontel',
  'Oberschleißheim',
  'hunter2',
  'Wiśniewska',
  'Иванова',
  '山田太郎',
]

/** What must not be found in masked text: the secret's own readable pieces. */
export function piecesOf(text: string): string[] {
  const pieces = text.split(/[^A-Za-z0-9À-￿]+/).filter((piece) => piece.length >= 6)
  return pieces.filter((piece) => !/^(?:https?|EXAMPLE|example|partner)$/.test(piece))
}
