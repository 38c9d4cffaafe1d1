"""The page's theme; mirrors modules/shared_gradio_themes.py. Differs: the default theme only, others are downloads."""

import gradio as gr
from modules import shared


def reload_gradio_theme(theme_name=None):
    shared.gradio_theme = gr.themes.Default(
        font=["Source Sans Pro", "ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["IBM Plex Mono", "ui-monospace", "Consolas", "monospace"],
    )


def resolve_var(name: str, gradio_theme=None, history=None):
    """A theme variable's value, followed through "*other" references to the end."""
    theme = gradio_theme or shared.gradio_theme
    seen = list(history or [])
    while name.strip().lstrip("*") not in seen:
        name = name.strip().lstrip("*")
        seen.append(name)
        value = getattr(theme, name, None)
        if not value:
            return name
        name = value
    return "#000000" if name.endswith("_dark") else "#ffffff"
