"""The entry: imports and registers, nothing else. The host executes this file again at every "Reload UI"."""

from clip_skip_lab.hosts import detect
from clip_skip_lab.ui.finer import make_finer_script
from clip_skip_lab.ui.register import register
from clip_skip_lab.ui.script import make_script

host = detect()
host.register()
register(host)
ClipSkipSweep = make_script(host)
FinerClipSkip = make_finer_script()
