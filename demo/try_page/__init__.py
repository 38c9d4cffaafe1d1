"""What `make try` puts into docs/try/: pages of two real sweeps and a prompt lens, which need no WebUI."""
