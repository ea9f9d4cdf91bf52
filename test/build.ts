/** Builds `dist/` once before the tests: the command is tested as users run it. */
import { execFileSync } from 'node:child_process'

export function setup(): void {
  execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
}
