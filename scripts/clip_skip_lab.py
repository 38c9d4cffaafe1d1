"""The entry: imports and registers, nothing else. The host executes this file again at every "Reload UI".

Which WebUI this is comes first: the rest imports what only members of the family have.
"""

from clip_skip_lab.engines import host_or_none

host = host_or_none()
if host is not None:
    from clip_skip_lab.ui.layer_panel import make_layer_panel
    from clip_skip_lab.ui.register import register
    from clip_skip_lab.ui.script import make_script

    host.register()
    register(host)
    ClipSkipSweep = make_script(host)
    LayerPanel = make_layer_panel(host)
