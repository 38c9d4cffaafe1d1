"""The page of a sweep, `index.html` in its folder: its parts as plain files, and what writes them.

Knows no host and no sweep: it is given a folder, a text of JSON and pictures. Plain scripts and no modules, because
a browser loads no module from a page that was opened from disk.
"""
