"""Top-level package `modules` of the embedded host; `tests.minihost.launch.prepare` puts its home on sys.path."""
