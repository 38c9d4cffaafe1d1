"""Makes all images of the docs and the tour anew: `python -m screenshots`, see `__main__.py`."""
