"""The entry: imports and registers, nothing else. The host executes this file again at every "Reload UI"."""

from clip_skip_lab.engines import detect
from clip_skip_lab.ui.layer_panel import make_layer_panel
from clip_skip_lab.ui.register import register
from clip_skip_lab.ui.script import make_script

host = detect()
host.register()
register(host)
ClipSkipSweep = make_script(host)
LayerPanel = make_layer_panel(host)
