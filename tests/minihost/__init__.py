"""The embedded host: a WebUI in miniature to run, see and test the extension without a WebUI."""
