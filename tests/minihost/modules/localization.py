"""Translations of the page, from JSON files; mirrors modules/localization.py."""

import json
import os

from modules import errors, scripts

localizations = {}


def list_localizations(dirname):
    localizations.clear()
    own = sorted(os.listdir(dirname)) if os.path.isdir(dirname) else []
    files = [(name, os.path.join(dirname, name)) for name in own if name.lower().endswith(".json")]
    files += [(file.filename, file.path) for file in scripts.list_scripts("localizations", ".json")]
    for name, path in files:
        localizations.setdefault(os.path.splitext(name)[0], []).append(path)


def localization_js(current_localization_name: str) -> str:
    texts = {}
    for path in localizations.get(current_localization_name, []):
        try:
            with open(path, encoding="utf8") as file:
                texts.update(json.load(file))
        except Exception:
            errors.report(f"Error loading localization from {path}", exc_info=True)
    return f"window.localization = {json.dumps(texts)}"
