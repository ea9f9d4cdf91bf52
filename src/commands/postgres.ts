/** Where PostgreSQL may run, as flags and configuration say it. */
import { DrillError } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'

/** `auto`, `embedded`, `container`, or a URL; anything else is an input error. */
export function checkPostgres(postgres: string): void {
  const places = ['auto', 'embedded', 'container']
  if (places.includes(postgres) || /^postgres(ql)?:\/\//.test(postgres)) return
  throw new DrillError(
    'input',
    `--postgres: unknown place "${postgres}"${didYouMean(postgres, places)}; it must be ${places.join(', ')} or postgres://…`,
  )
}
