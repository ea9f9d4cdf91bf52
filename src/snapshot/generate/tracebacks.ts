/**
 * Tracebacks as Odoo leaves them in `exc_info`: the addon's frames, those of the company's module, then what the
 * libraries below raise, with the chain of causes that Python prints. Paths and module names are invented; paths and
 * Python are those of the series, line numbers always those of 16.0.
 */
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import type { Dialect } from './dialect.ts'
import type { JobFunction } from './job-function.ts'

interface Paths {
  readonly odoo: string
  /** `fields.py` and `models.py`: 19.0 moved them into a package. */
  readonly orm: string
  readonly queue: string
  readonly custom: string
  readonly packages: string
  readonly python: string
}

function pathsOf({ series, python }: Pick<Dialect, 'series' | 'python'>): Paths {
  const root = `/opt/odoo/${series}`
  return {
    odoo: `${root}/odoo`,
    orm: series === '19.0' ? `${root}/odoo/orm` : `${root}/odoo`,
    queue: `${root}/addons-oca/queue_job`,
    custom: `${root}/addons-custom`,
    packages: `/opt/odoo/venv/lib/python${python}/site-packages`,
    python: `/usr/lib/python${python}`,
  }
}

const HEAD = 'Traceback (most recent call last):'
const DURING = '\nDuring handling of the above exception, another exception occurred:\n'
const CAUSED = '\nThe above exception was the direct cause of the following exception:\n'

/** `message` is the failure's text with its record filled in. Ends without a line break. */
export function tracebackOf(
  dialect: Pick<Dialect, 'series' | 'python'>,
  fn: JobFunction,
  failure: WorkloadFailure,
  message: string,
): string {
  const paths = pathsOf(dialect)
  // Python leaves out the module of its own exceptions.
  const last = `${failure.excName.replace(/^builtins\./, '')}: ${message}`
  const own = [...runnerFrames(paths), ...moduleFrames(paths, fn, failure.excName)]
  switch (failure.excName) {
    case 'requests.exceptions.ReadTimeout':
      return [
        ...socketTimeout(paths, message),
        DURING,
        HEAD,
        ...own,
        ...requestsFrames(paths, 529, 'raise ReadTimeout(e, request=request)'),
        last,
      ].join('\n')
    case 'requests.exceptions.ConnectionError':
      return [
        ...connectionRefused(paths, message),
        DURING,
        HEAD,
        ...own,
        ...requestsFrames(paths, 519, 'raise ConnectionError(e, request=request)'),
        last,
      ].join('\n')
    case 'requests.exceptions.HTTPError':
      return [
        HEAD,
        ...own,
        frame(`${paths.packages}/requests/models.py`, 1021, 'raise_for_status'),
        '    raise HTTPError(http_error_msg, response=self)',
        last,
      ].join('\n')
    case 'odoo.addons.queue_job.exception.FailedJobError':
      return [...serializationFailure(paths), CAUSED, HEAD, ...runnerFrames(paths), last].join('\n')
    case 'smtplib.SMTPServerDisconnected':
      return [HEAD, ...own, ...mailFrames(paths), last].join('\n')
    case 'odoo.exceptions.MissingError':
      return [HEAD, ...own, ...missingFrames(paths), last].join('\n')
    default:
      return [HEAD, ...own, ...ormFrames(paths, failure.excName), last].join('\n')
  }
}

function frame(file: string, line: number, name: string): string {
  return `  File "${file}", line ${line}, in ${name}`
}

function runnerFrames(paths: Paths): string[] {
  return [
    frame(`${paths.queue}/controllers/main.py`, 105, 'runjob'),
    '    self._try_perform_job(env, job)',
    frame(`${paths.queue}/controllers/main.py`, 46, '_try_perform_job'),
    '    job.perform()',
    frame(`${paths.queue}/job.py`, 507, 'perform'),
    '    self.result = self.func(*tuple(self.args), **self.kwargs)',
  ]
}

function moduleFrames(paths: Paths, fn: JobFunction, excName: string): string[] {
  const at = fn.name.lastIndexOf('.')
  const method = fn.name.slice(at + 1)
  const file = `${paths.custom}/${fn.module}/models/${fn.name.slice(0, at).replaceAll('.', '_')}.py`
  // Line numbers that stay the same for a function, as in one released version of a module.
  const line = 40 + ((fn.name.length * 17) % 260)
  if (!excName.startsWith('requests.')) {
    return [frame(file, line, method), '    record._run_step(values)']
  }
  return [
    frame(file, line, method),
    '    self._partner_call(payload)',
    frame(`${paths.custom}/${fn.module}/models/backend.py`, 131, '_partner_call'),
    '    response = self._session().post(url, json=payload, timeout=self.timeout)',
  ]
}

function requestsFrames(paths: Paths, line: number, code: string): string[] {
  return [
    frame(`${paths.packages}/requests/sessions.py`, 635, 'post'),
    '    return self.request("POST", url, data=data, json=json, **kwargs)',
    frame(`${paths.packages}/requests/sessions.py`, 587, 'request'),
    '    resp = self.send(prep, **send_kwargs)',
    frame(`${paths.packages}/requests/adapters.py`, line, 'send'),
    `    ${code}`,
  ]
}

function socketTimeout(paths: Paths, message: string): string[] {
  return [
    HEAD,
    frame(`${paths.packages}/urllib3/connectionpool.py`, 449, '_make_request'),
    '    httplib_response = conn.getresponse()',
    frame(`${paths.python}/ssl.py`, 1130, 'read'),
    '    return self._sslobj.read(len, buffer)',
    'TimeoutError: The read operation timed out',
    DURING,
    HEAD,
    frame(`${paths.packages}/urllib3/connectionpool.py`, 340, '_raise_timeout'),
    '    raise ReadTimeoutError(self, url, "Read timed out. (read timeout=%s)" % timeout_value)',
    `urllib3.exceptions.ReadTimeoutError: ${message}`,
  ]
}

function connectionRefused(paths: Paths, message: string): string[] {
  return [
    HEAD,
    frame(`${paths.packages}/urllib3/connection.py`, 174, '_new_conn'),
    '    conn = connection.create_connection((self._dns_host, self.port), self.timeout)',
    'ConnectionRefusedError: [Errno 111] Connection refused',
    DURING,
    HEAD,
    frame(`${paths.packages}/urllib3/util/retry.py`, 592, 'increment'),
    '    raise MaxRetryError(_pool, url, error or ResponseError(cause))',
    `urllib3.exceptions.MaxRetryError: ${message}`,
  ]
}

function serializationFailure(paths: Paths): string[] {
  return [
    HEAD,
    frame(`${paths.queue}/job.py`, 507, 'perform'),
    '    self.result = self.func(*tuple(self.args), **self.kwargs)',
    frame(`${paths.odoo}/sql_db.py`, 324, 'execute'),
    '    res = self._obj.execute(query, params)',
    'psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update',
  ]
}

function mailFrames(paths: Paths): string[] {
  return [
    frame(`${paths.odoo}/addons/base/models/ir_mail_server.py`, 682, 'send_email'),
    '    smtp.send_message(message, smtp_from, smtp_to_list)',
    frame(`${paths.python}/smtplib.py`, 398, 'getreply'),
    '    line = self.file.readline(_MAXLINE + 1)',
  ]
}

function missingFrames(paths: Paths): string[] {
  return [
    frame(`${paths.orm}/fields.py`, 1160, '__get__'),
    '    recs._fetch_field(self)',
    frame(`${paths.orm}/models.py`, 3254, '_read'),
    '    raise MissingError("\\n".join([',
  ]
}

function ormFrames(paths: Paths, excName: string): string[] {
  return [
    frame(`${paths.orm}/models.py`, 3888, 'write'),
    '    real_recs._validate_fields(vals)',
    frame(`${paths.orm}/models.py`, 1331, '_validate_fields'),
    excName.startsWith('odoo.') ? '    check(self)' : '    value = vals[name]',
  ]
}
