/**
 * Virtual time for Python: a `sitecustomize` on PYTHONPATH that replaces `time.sleep`, `time.time` and its kin, and
 * `now`, `utcnow` and `today` of `datetime`. Clocks for measuring (`monotonic`, `perf_counter`) stay real. A
 * `sitecustomize` of the installation's own still runs.
 */
import { NOW, ORDERS } from './shell.ts'

/** Its directory stands in the engine's directory. */
export const SITECUSTOMIZE = `import os as _os
import sys as _sys
import threading as _threading
import time as _time

_directory = _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
_real_sleep = _time.sleep
_orders = 0
_lock = _threading.Lock()


def _now_ms():
    try:
        with open(_os.path.join(_directory, ${JSON.stringify(NOW)})) as file:
            return int(file.read())
    except (OSError, ValueError):
        return int(_real_time() * 1000)


def _sleep(seconds):
    if seconds < 0:
        raise ValueError('sleep length must be non-negative')
    global _orders
    with _lock:
        _orders += 1
        key = '%d.%d' % (_os.getpid(), _orders)
    path = lambda kind: _os.path.join(_directory, '%s.%s' % (kind, key))
    try:
        _os.mkfifo(path('answer'), 0o600)
        answer = _os.open(path('answer'), _os.O_RDWR)
    except OSError:
        return _real_sleep(seconds)
    try:
        with open(path('order'), 'w') as file:
            file.write('sleep\\0%r\\0' % float(seconds))
        orders = _os.open(_os.path.join(_directory, ${JSON.stringify(ORDERS)}), _os.O_WRONLY)
        try:
            _os.write(orders, (key + '\\n').encode())
        finally:
            _os.close(orders)
        _os.read(answer, 16)
    finally:
        _os.close(answer)
        for kind in ('answer', 'order'):
            try:
                _os.unlink(path(kind))
            except OSError:
                pass


_real_time = _time.time
_real = {name: getattr(_time, name) for name in ('localtime', 'gmtime', 'ctime', 'strftime')}

_time.sleep = _sleep
_time.time = lambda: _now_ms() / 1000
_time.time_ns = lambda: _now_ms() * 1000000
_time.localtime = lambda seconds=None: _real['localtime'](_time.time() if seconds is None else seconds)
_time.gmtime = lambda seconds=None: _real['gmtime'](_time.time() if seconds is None else seconds)
_time.ctime = lambda seconds=None: _real['ctime'](_time.time() if seconds is None else seconds)
_time.strftime = lambda format, t=None: _real['strftime'](format, _time.localtime() if t is None else t)


def _virtual_datetime():
    import datetime as module

    real_datetime, real_date = module.datetime, module.date

    class Meta(type):
        def __instancecheck__(cls, instance):
            return type.__instancecheck__(cls, instance) or (
                '_real' in cls.__dict__ and isinstance(instance, cls._real)
            )

        def __subclasscheck__(cls, subclass):
            return type.__subclasscheck__(cls, subclass) or (
                '_real' in cls.__dict__ and issubclass(subclass, cls._real)
            )

    class datetime(real_datetime, metaclass=Meta):
        _real = real_datetime

        def __new__(cls, *args, **kwargs):
            return real_datetime.__new__(real_datetime if cls is datetime else cls, *args, **kwargs)

        @classmethod
        def now(cls, tz=None):
            return real_datetime.fromtimestamp(_time.time(), tz)

        @classmethod
        def utcnow(cls):
            return real_datetime.fromtimestamp(_time.time(), module.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls):
            return real_datetime.fromtimestamp(_time.time())

    class date(real_date, metaclass=Meta):
        _real = real_date

        def __new__(cls, *args, **kwargs):
            return real_date.__new__(real_date if cls is date else cls, *args, **kwargs)

        @classmethod
        def today(cls):
            return real_date.fromtimestamp(_time.time())

    module.datetime, module.date = datetime, date


_virtual_datetime()


def _installed():
    from importlib.machinery import PathFinder

    here = _os.path.dirname(_os.path.abspath(__file__))
    rest = [path for path in _sys.path if _os.path.abspath(path or '.') != here]
    spec = PathFinder.find_spec('sitecustomize', rest)
    if spec is not None and spec.loader is not None:
        from importlib.util import module_from_spec

        spec.loader.exec_module(module_from_spec(spec))


_installed()
`
