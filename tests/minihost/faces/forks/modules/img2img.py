"""The page's Generate, in the forks' main thread."""

import functools

from modules.img2img import img2img as _generate
from modules_forge import main_thread


@functools.wraps(_generate)
def _in_main_thread(*args):
    return main_thread.run_and_wait_result(_generate, *args)


img2img = _in_main_thread
