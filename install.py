"""Run by the WebUI before it starts. Nothing is installed: this only says when something is missing."""

from importlib.util import find_spec

NEEDED = ("gradio", "torch", "transformers", "filelock", "numpy", "PIL", "matplotlib")

missing = [name for name in NEEDED if find_spec(name) is None]
if missing:
    names = ", ".join(missing)
    print(f"Clip Skip Lab: this WebUI lacks {names}; they belong to its own requirements. Nothing was installed.")
