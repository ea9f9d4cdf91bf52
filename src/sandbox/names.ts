/**
 * Names and passwords of what a sandbox makes in a server. Every database and role is called
 * `queue_drill_<sandbox>_<rest>`: the sandbox's own random id ties them together, so that a later start knows what
 * belongs to a dead one, and no name tells a scenario to the engine that reads it.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, randomInt } from 'node:crypto'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Random lower-case letters and digits (not seeded: names are no part of a drill's result). */
export function randomLetters(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

/** 8 hexadecimal digits, which are also the key of the sandbox's advisory lock. */
export function newSandboxId(): string {
  return randomBytes(4).toString('hex')
}

/** `like` pattern and parser of our names. */
export const NAME_PATTERN = /^queue_drill_([0-9a-f]{8})_[a-z0-9_]+$/

export function sandboxName(sandboxId: string, rest: string): string {
  return `queue_drill_${sandboxId}_${rest}`
}

/** What stands as comment on every role and database of a sandbox. */
export function markComment(sandboxId: string): string {
  return `queue-drill sandbox ${sandboxId}: made for one drill, dropped afterwards`
}

/** 192 bits, safe in URLs and shells. */
export function randomPassword(): string {
  return randomBytes(24).toString('base64url')
}

/**
 * The SCRAM-SHA-256 verifier of a password (RFC 5803), so that the password itself never stands in a statement that
 * a server may log, whatever its `password_encryption`.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const iterations = 4096
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const serverKey = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
