/** The `queue-drill.yaml` that `queue-drill init` writes: valid as it stands, everything else in comments. */

/** `schema`: path or URL of the JSON Schema, for editors. */
export function weeklyTemplate(schema: string): string {
  return `# yaml-language-server: $schema=${schema}
#
# The weekly staging drill: \`queue-drill weekly\`. Paths count from this file. docs/weekly.md explains each line.

# The queue that is drilled on: a snapshot that is there, a bundled one to begin with…
snapshot: company-60k

# …or a new one each week, taken read-only and masked. Then take out \`snapshot\` above.
# capture:
#   from: env:QUEUE_DRILL_FROM        # environment variable that holds postgresql://reader@host/database
#   to: .queue-drill/snapshots
#   key: .queue-drill/mask.key        # made at the first capture; keep it, and keep it out of version control
#   operations: operations.yaml       # what your job functions do; new ones are added, your lines stay
#   odooConf: /etc/odoo/odoo.conf     # workers, limits, channels
#   doneDays: 14                      # done and cancelled jobs of so many days only
#   keep: 4                           # snapshots that stay

# Stop before the drills when a job function is missing from the operations file, or nobody has said what it does.
requireMapped: false

# Who recovers: runbook, noop, retry-all, or your own module such as ./engine.mjs.
engine: runbook

# Names of bundled scenarios (\`queue-drill scenarios list\`), or files of yours.
scenarios: [quiet-day, dead-webhook]

# The same drills every week, so that weeks can be compared; and one seed of the week, so that luck shows.
seeds: [1]
weekSeed: true

# A drill that passes with fewer points fails.
# failUnder: 70

# Where the throw-away PostgreSQL runs: auto, embedded, container, or the URL of a server.
postgres: auto

# Journals and reports of each run; and the file that gets one line a drill.
out: .queue-drill/weekly
history: .queue-drill/history.ndjson
`
}
