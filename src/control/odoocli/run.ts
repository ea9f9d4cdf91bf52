/**
 * odoocli: the operations of a drill as a command line. It runs inside the harness, because starting Node for each call
 * would cost a drill more than the call: parameters come in, texts and a status go out, and nothing here touches the
 * process.
 */
import yargs, { type Argv } from 'yargs'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { type CommandLineState, explainUsage, givenOnceExcept } from '../../foundation/usage.ts'
import { type ControlClient, ControlRefusal, ControlUnreachable } from '../client.ts'
import { automationsCommand } from './automations.ts'
import { catalogueCommand } from './catalogue.ts'
import { doctorCommand } from './doctor.ts'
import { incidentCommand } from './incident.ts'
import { nowCommand } from './now.ts'
import { markTexts, unmark, unmarked } from './mark.ts'
import { type Choose, ODOOCLI_EXIT, type Outcome, type Work } from './outcome.ts'
import { queueCommand } from './queue/queue.ts'
import { targetCommand } from './target.ts'
import { workersCommand } from './workers.ts'

const PROGRAM = 'odoocli'

const EXIT_STATUSES = `Exit status:
  0 done
  1 the operation refused, or what was asked about is not healthy
  2 the command line is wrong
  3 the drill cannot be reached`

/** Narrower than this, help is hard to read; wider, too. */
const HELP_COLUMNS = [40, 100] as const

export interface OdoocliResult {
  readonly stdout: string
  readonly stderr: string
  /** ODOOCLI_EXIT. */
  readonly status: number
}

/** `argv`: what stands behind the command's name. `columns`: width of the terminal, for the help texts. */
export async function runOdoocli(
  argv: readonly string[],
  client: ControlClient,
  { columns }: { readonly columns: number },
): Promise<OdoocliResult> {
  try {
    const { work, output, json } = parse(argv, columns)
    // Help, or the version.
    if (work === null) return { stdout: `${output}\n`, stderr: '', status: ODOOCLI_EXIT.done }
    return printed(await work(client), json)
  } catch (error) {
    return { stdout: '', stderr: remark(messageOf(error)), status: statusOf(error) }
  }
}

interface Parsed {
  /** Null = there is nothing to do but to print `output`. */
  readonly work: Work | null
  readonly output: string
  readonly json: boolean
}

/** Throws DrillError `input`. */
function parse(argv: readonly string[], columns: number): Parsed {
  let work: Work | null = null
  let output = ''
  let json = false
  const [narrowest, widest] = HELP_COLUMNS
  const args = markTexts(argv)
  const root = commands((chosen) => (work = chosen))
    .wrap(Math.min(widest, Math.max(narrowest, columns)))
    .fail((message, error) => {
      // A YError is a wrong flag too; other errors come from the commands themselves.
      if (error !== undefined && error.name !== 'YError') throw error
      const text = explainUsage(error?.message ?? message, [...argv, ...args], state, PROGRAM)
      throw new DrillError('input', unmarked(text))
    })
  const state = root as unknown as CommandLineState
  // yargs renders the help after each command in case that somebody asks for it: 8 of 10 ms.
  state.getInternalMethods().getUsageInstance().cacheHelpMessage = () => undefined
  void root.parse(args, {}, (_error, parsed, text) => {
    output = text
    json = (parsed as { json?: unknown }).json === true
  })
  return { work, output, json }
}

function commands(choose: Choose): Argv {
  return yargs()
    .scriptName(PROGRAM)
    .usage('$0 <command>\n\nThe operations of the drill.')
    .command(doctorCommand(choose))
    .command(workersCommand(choose))
    .command(queueCommand(choose))
    .command(targetCommand(choose))
    .command(automationsCommand(choose))
    .command(catalogueCommand(choose))
    .command(incidentCommand(choose))
    .command(nowCommand(choose))
    .demandCommand(1, 'say what to do; `odoocli --help` lists the commands')
    .strict()
    .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false })
    .middleware(unmark, true)
    .check(givenOnceExcept(['signal', 'what', 'summary']))
    .check(nothingEmpty)
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'Print the answer of the control plane',
    })
    .version('odoocli of a queue-drill')
    .alias({ help: 'h' })
    .detectLocale(false)
    .example('$0 doctor --env production', '')
    .example('$0 queue retry --channel root.stock_sync --older-than 20m --limit 200', '')
    .example('$0 workers scale queue --count +2', '')
    .epilogue(EXIT_STATUSES)
    .exitProcess(false)
}

/** An unset variable of a shell script must not pass for a name. Throws DrillError `input`. */
function nothingEmpty(argv: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(argv)) {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (texts.length > 0 && texts.every((text) => text === '')) {
      throw new DrillError('input', `${name} is empty: is a variable of the script not set?`)
    }
  }
  return true
}

function printed(
  { answer, lines, remarks = [], status = 0 }: Outcome,
  json: boolean,
): OdoocliResult {
  const text = json ? [JSON.stringify(answer)] : lines
  return {
    stdout: text.map((line) => `${line}\n`).join(''),
    stderr: remarks.map(remark).join(''),
    status,
  }
}

function remark(text: string): string {
  return `${PROGRAM}: ${text}\n`
}

function statusOf(error: unknown): number {
  if (error instanceof DrillError) return ODOOCLI_EXIT.wrongUsage
  if (error instanceof ControlUnreachable) return ODOOCLI_EXIT.unreachable
  if (!(error instanceof ControlRefusal)) throw error
  switch (error.status) {
    case 409:
      return ODOOCLI_EXIT.refused
    case 400:
    case 413:
      return ODOOCLI_EXIT.wrongUsage
    default:
      return ODOOCLI_EXIT.unreachable
  }
}
