/** `queue-drill init`: writes a first `queue-drill.yaml` that runs as it stands. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONFIG_FILE } from './weekly/options.ts'
import type { CommandModule } from 'yargs'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { print } from './terminal.ts'

export function initCommand(): CommandModule<object, { force: boolean }> {
  return {
    command: 'init',
    describe: 'Write a commented queue-drill.yaml for the weekly drill',
    builder: (yargs) =>
      yargs.option('force', {
        type: 'boolean',
        default: false,
        describe: 'Replace the one that is there',
      }),
    handler: async ({ force }) => {
      const { weeklyTemplate } = await import('../drill/weekly/template.ts')
      const path = resolve(CONFIG_FILE)
      if (existsSync(path) && !force) {
        throw new DrillError('input', `${path} exists already: add --force to replace it`)
      }
      try {
        await writeFile(path, weeklyTemplate(schemaPath()), { flag: force ? 'w' : 'wx' })
      } catch (error) {
        throw new DrillError('harness', `${path} cannot be written: ${messageOf(error)}`, {
          cause: error,
        })
      }
      print(`${path} is written; queue-drill weekly --dry-run shows what it does`)
    },
  }
}

/** Relative where queue-drill lies below this directory, as in node_modules; else absolute. */
function schemaPath(): string {
  const path = fileURLToPath(new URL('../../scenarios/queue-drill.schema.json', import.meta.url))
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : `./${short}`
}
