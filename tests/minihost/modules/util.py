"""Small helpers that others import through `shared`; mirrors modules/util.py in part."""

import os
import re

from modules.paths_internal import cwd


def natural_sort_key(s, regex=re.compile("([0-9]+)")):
    return [int(x) if x.isdigit() else x.lower() for x in regex.split(s)]


def truncate_path(target_path, base_path=cwd):
    """The path as seen from the working folder when it lies inside, else whole."""
    absolute = os.path.abspath(target_path)
    try:
        if os.path.commonpath([absolute, os.path.abspath(base_path)]) == os.path.abspath(base_path):
            return os.path.relpath(absolute, base_path)
    except ValueError:
        return absolute  # two drives have no common path
    return absolute


def topological_sort(dependencies):
    """Names so that each comes after what it depends on; a cycle is cut where it is found."""
    done, seen = [], set()

    def visit(name):
        if name in seen:
            return
        seen.add(name)
        for needed in dependencies.get(name, ()):
            visit(needed)
        done.append(name)

    for name in dependencies:
        visit(name)
    return [name for name in done if name in dependencies]
