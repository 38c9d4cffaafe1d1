"""The entry: imports and registers, nothing else. The host executes this file again at every "Reload UI"."""

from clip_skip_lab.hosts import detect
from clip_skip_lab.ui.script import make_script

ClipSkipSweep = make_script(detect())
