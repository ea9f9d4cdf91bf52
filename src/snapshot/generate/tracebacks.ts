/**
 * Tracebacks as Odoo 16 leaves them in `exc_info`: the addon's frames, those of the company's module, then what the
 * libraries below raise, with the chain of causes that Python prints. Paths and module names are invented.
 */
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import type { JobFunction } from './job-function.ts'

const ODOO = '/opt/odoo/16.0/odoo'
const QUEUE = '/opt/odoo/16.0/addons-oca/queue_job'
const CUSTOM = '/opt/odoo/16.0/addons-custom'
const PACKAGES = '/opt/odoo/venv/lib/python3.10/site-packages'

const HEAD = 'Traceback (most recent call last):'
const DURING = '\nDuring handling of the above exception, another exception occurred:\n'
const CAUSED = '\nThe above exception was the direct cause of the following exception:\n'

/** `message` is the failure's text with its record filled in. Ends without a line break. */
export function tracebackOf(fn: JobFunction, failure: WorkloadFailure, message: string): string {
  // Python leaves out the module of its own exceptions.
  const last = `${failure.excName.replace(/^builtins\./, '')}: ${message}`
  const own = [...runnerFrames(), ...moduleFrames(fn, failure.excName)]
  switch (failure.excName) {
    case 'requests.exceptions.ReadTimeout':
      return [
        ...socketTimeout(message),
        DURING,
        HEAD,
        ...own,
        ...requestsFrames(529, 'raise ReadTimeout(e, request=request)'),
        last,
      ].join('\n')
    case 'requests.exceptions.ConnectionError':
      return [
        ...connectionRefused(message),
        DURING,
        HEAD,
        ...own,
        ...requestsFrames(519, 'raise ConnectionError(e, request=request)'),
        last,
      ].join('\n')
    case 'requests.exceptions.HTTPError':
      return [
        HEAD,
        ...own,
        frame(`${PACKAGES}/requests/models.py`, 1021, 'raise_for_status'),
        '    raise HTTPError(http_error_msg, response=self)',
        last,
      ].join('\n')
    case 'odoo.addons.queue_job.exception.FailedJobError':
      return [...serializationFailure(), CAUSED, HEAD, ...runnerFrames(), last].join('\n')
    case 'smtplib.SMTPServerDisconnected':
      return [HEAD, ...own, ...mailFrames(), last].join('\n')
    case 'odoo.exceptions.MissingError':
      return [HEAD, ...own, ...missingFrames(), last].join('\n')
    default:
      return [HEAD, ...own, ...ormFrames(failure.excName), last].join('\n')
  }
}

function frame(file: string, line: number, name: string): string {
  return `  File "${file}", line ${line}, in ${name}`
}

function runnerFrames(): string[] {
  return [
    frame(`${QUEUE}/controllers/main.py`, 105, 'runjob'),
    '    self._try_perform_job(env, job)',
    frame(`${QUEUE}/controllers/main.py`, 46, '_try_perform_job'),
    '    job.perform()',
    frame(`${QUEUE}/job.py`, 507, 'perform'),
    '    self.result = self.func(*tuple(self.args), **self.kwargs)',
  ]
}

function moduleFrames(fn: JobFunction, excName: string): string[] {
  const at = fn.name.lastIndexOf('.')
  const method = fn.name.slice(at + 1)
  const file = `${CUSTOM}/${fn.module}/models/${fn.name.slice(0, at).replaceAll('.', '_')}.py`
  // Line numbers that stay the same for a function, as in one released version of a module.
  const line = 40 + ((fn.name.length * 17) % 260)
  if (!excName.startsWith('requests.')) {
    return [frame(file, line, method), '    record._run_step(values)']
  }
  return [
    frame(file, line, method),
    '    self._partner_call(payload)',
    frame(`${CUSTOM}/${fn.module}/models/backend.py`, 131, '_partner_call'),
    '    response = self._session().post(url, json=payload, timeout=self.timeout)',
  ]
}

function requestsFrames(line: number, code: string): string[] {
  return [
    frame(`${PACKAGES}/requests/sessions.py`, 635, 'post'),
    '    return self.request("POST", url, data=data, json=json, **kwargs)',
    frame(`${PACKAGES}/requests/sessions.py`, 587, 'request'),
    '    resp = self.send(prep, **send_kwargs)',
    frame(`${PACKAGES}/requests/adapters.py`, line, 'send'),
    `    ${code}`,
  ]
}

function socketTimeout(message: string): string[] {
  return [
    HEAD,
    frame(`${PACKAGES}/urllib3/connectionpool.py`, 449, '_make_request'),
    '    httplib_response = conn.getresponse()',
    frame('/usr/lib/python3.10/ssl.py', 1130, 'read'),
    '    return self._sslobj.read(len, buffer)',
    'TimeoutError: The read operation timed out',
    DURING,
    HEAD,
    frame(`${PACKAGES}/urllib3/connectionpool.py`, 340, '_raise_timeout'),
    '    raise ReadTimeoutError(self, url, "Read timed out. (read timeout=%s)" % timeout_value)',
    `urllib3.exceptions.ReadTimeoutError: ${message}`,
  ]
}

function connectionRefused(message: string): string[] {
  return [
    HEAD,
    frame(`${PACKAGES}/urllib3/connection.py`, 174, '_new_conn'),
    '    conn = connection.create_connection((self._dns_host, self.port), self.timeout)',
    'ConnectionRefusedError: [Errno 111] Connection refused',
    DURING,
    HEAD,
    frame(`${PACKAGES}/urllib3/util/retry.py`, 592, 'increment'),
    '    raise MaxRetryError(_pool, url, error or ResponseError(cause))',
    `urllib3.exceptions.MaxRetryError: ${message}`,
  ]
}

function serializationFailure(): string[] {
  return [
    HEAD,
    frame(`${QUEUE}/job.py`, 507, 'perform'),
    '    self.result = self.func(*tuple(self.args), **self.kwargs)',
    frame(`${ODOO}/sql_db.py`, 324, 'execute'),
    '    res = self._obj.execute(query, params)',
    'psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update',
  ]
}

function mailFrames(): string[] {
  return [
    frame(`${ODOO}/addons/base/models/ir_mail_server.py`, 682, 'send_email'),
    '    smtp.send_message(message, smtp_from, smtp_to_list)',
    frame('/usr/lib/python3.10/smtplib.py', 398, 'getreply'),
    '    line = self.file.readline(_MAXLINE + 1)',
  ]
}

function missingFrames(): string[] {
  return [
    frame(`${ODOO}/fields.py`, 1160, '__get__'),
    '    recs._fetch_field(self)',
    frame(`${ODOO}/models.py`, 3254, '_read'),
    '    raise MissingError("\\n".join([',
  ]
}

function ormFrames(excName: string): string[] {
  return [
    frame(`${ODOO}/models.py`, 3888, 'write'),
    '    real_recs._validate_fields(vals)',
    frame(`${ODOO}/models.py`, 1331, '_validate_fields'),
    excName.startsWith('odoo.') ? '    check(self)' : '    value = vals[name]',
  ]
}
