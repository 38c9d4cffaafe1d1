"""Scripts and styles of host and extensions in the page; mirrors modules/ui_gradio_extensions.py.

Differs: the host's own files lie in the folder `web`, and the page asks no other server for anything.
"""

import os
import re

import gradio as gr
from modules import localization, scripts, shared, util
from modules.paths import data_path, script_path
from modules.shared_gradio_themes import resolve_var


def webpath(fn):
    return f"file={util.truncate_path(fn)}?{os.path.getmtime(fn)}"


# What gradio's template loads from elsewhere: a script for pages in frames, and hints for web fonts.
_ELSEWHERE = re.compile(rb'<script[^>]*src="https://[^>]*>\s*</script>|<link[^>]*href="https://[^>]*>')


def _own(name):
    return os.path.join(script_path, "web", name)


def javascript_html():
    # Texts first: scripts read them while they load.
    head = f'<script type="text/javascript">{localization.localization_js(shared.opts.localization)}</script>\n'
    files = [_own("script.js"), _own("ui.js"), *(x.path for x in scripts.list_scripts("javascript", ".js"))]
    for path in files:
        head += f'<script type="text/javascript" src="{webpath(path)}"></script>\n'
    for file in scripts.list_scripts("javascript", ".mjs"):
        head += f'<script type="module" src="{webpath(file.path)}"></script>\n'
    return head


def css_html():
    files = [_own("style.css"), *scripts.list_files_with_name("style.css"), os.path.join(data_path, "user.css")]
    head = "".join(
        f'<link rel="stylesheet" property="stylesheet" href="{webpath(x)}">' for x in files if os.path.exists(x)
    )
    light, dark = resolve_var("background_fill_primary"), resolve_var("background_fill_primary_dark")
    return head + (
        f"<style>html {{ background-color: {light}; }} @media (prefers-color-scheme: dark) "
        f"{{ html {{ background-color: {dark}; }} }}</style>"
    )


def reload_javascript():
    """Wraps gradio's template so that each page it renders has the tags of now."""
    js, css = javascript_html(), css_html()

    def template_response(*args, **kwargs):
        res = shared.GradioTemplateResponseOriginal(*args, **kwargs)
        head = f'{js}<meta name="referrer" content="no-referrer"/></head>'
        res.body = _ELSEWHERE.sub(b"", res.body).replace(b"</head>", head.encode("utf8"))
        res.body = res.body.replace(b"</body>", f"{css}</body>".encode())
        res.init_headers()
        return res

    gr.routes.templates.TemplateResponse = template_response


if not hasattr(shared, "GradioTemplateResponseOriginal"):
    shared.GradioTemplateResponseOriginal = gr.routes.templates.TemplateResponse
