import { describe, expect, test } from 'vitest'
import { parseOdooConf } from '../../../src/snapshot/capture/odoo-conf.ts'

const CONF = `; made by hand
[options]
admin_passwd = secret
db_password = secret = with: signs
workers = 8
limit_time_real: 3600
LIMIT_TIME_CPU = 1800
limit_memory_hard = None
limit_memory_soft = 2147483648
addons_path = /odoo/addons,
    /mnt/extra
logfile = False

[queue_job]
channels = root:4,
    root.stock:1:sequential
    root.web:2
`

describe('odoo.conf', () => {
  test('gives workers, limits and channels, over several lines too, and nothing else', () => {
    expect(parseOdooConf(CONF, 'odoo.conf')).toEqual({
      workers: 8,
      limit_time_real: 3600,
      limit_time_cpu: 1800,
      limit_memory_soft: 2_147_483_648,
      channels: 'root:4,root.stock:1:sequential,root.web:2',
    })
  })

  test.each([
    ['[options]\nworkers = many', 'x.conf: workers is "many", not a whole number'],
    [
      '[queue_job]\nchannels = root:x',
      /^x\.conf, \[queue_job\] channels: .*"x" is not a whole number/,
    ],
    ['workers = 2', 'x.conf:1: "workers = 2" is neither [section] nor key = value'],
    ['[options]\nnothing here', 'x.conf:2: "nothing here" is neither [section] nor key = value'],
  ])('%j is an input error that says where', (text, expected) => {
    expect(() => parseOdooConf(text, 'x.conf')).toThrow(expected)
  })
})
