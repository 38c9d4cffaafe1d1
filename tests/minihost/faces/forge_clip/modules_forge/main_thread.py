"""It keeps no error of what it runs: who waits gets None. Forge's hands the error on."""

import traceback


def loop():
    while True:
        future, func, args, kwargs = _waiting.get()  # noqa: F821 - of the forks' file, which is run before this one
        try:
            future.set_result(func(*args, **kwargs))
        except Exception:
            traceback.print_exc()
            future.set_result(None)
