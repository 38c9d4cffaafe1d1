"""One sweep over many WebUIs: `clip-skip-lab` on the command line. It speaks to WebUIs over HTTP and imports none.

`distributed` and `httpx` belong to the extra `[many]` of the package; a WebUI with this extension needs neither.
"""
