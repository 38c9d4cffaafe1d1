"""The Extensions tab: which are enabled; mirrors modules/ui_extensions.py.

Differs: no installing, no updates, and "Apply" reloads the UI instead of ending the process. It says so on the
button: extensions that are switched off keep what they have imported.
"""

import html
import json

import gradio as gr
from modules import extensions, shared


def check_access():
    assert not shared.cmd_opts.disable_extension_access, "extension access disabled because of command line flags"


def apply_and_restart(disable_list, update_list, disable_all):
    check_access()
    disabled = json.loads(disable_list)
    assert isinstance(disabled, list), f"wrong disable_list data for apply_and_restart: {disable_list}"
    shared.opts.disabled_extensions = disabled
    shared.opts.disable_all_extensions = disable_all
    shared.opts.save(shared.config_filename)
    shared.state.request_restart()


def extension_table():
    rows = ""
    for ext in extensions.extensions:
        name = html.escape(ext.name)
        tick = " checked" if ext.enabled else ""
        off = "" if shared.opts.disable_all_extensions == "none" else " style='opacity: 0.5'"
        rows += (
            f"<tr><td><label{off}><input class='gr-check-radio gr-checkbox extension_toggle' "
            f"name='enable_{name}' type='checkbox'{tick} onchange='toggle_extension(event)'>{name}</label></td>"
            f"<td>{html.escape(ext.path)}</td></tr>"
        )
    return (
        f"<table id='extensions'><thead><tr><th><label><input type='checkbox' class='all_extensions_toggle' "
        "onchange='toggle_all_extensions(event)'>Extension</label></th><th>Folder</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def create_ui():
    with (
        gr.Blocks(analytics_enabled=False) as page,
        gr.Tabs(elem_id="tabs_extensions"),
        gr.TabItem("Installed", id="installed"),
    ):
        with gr.Row(elem_id="extensions_installed_top"):
            apply = gr.Button(value="Apply and reload UI", variant="primary")
            disable_all = gr.Radio(
                label="Disable all extensions",
                choices=["none", "extra", "all"],
                value=shared.opts.disable_all_extensions,
                elem_id="extensions_disable_all",
            )
            disabled = gr.Text(elem_id="extensions_disabled_list", visible=False, container=False)
            updates = gr.Text(elem_id="extensions_update_list", visible=False, container=False)
            refresh = gr.Button(value="Refresh", variant="compact")
        table = gr.HTML("Loading...", elem_id="extensions_installed_html")
        page.load(fn=extension_table, inputs=[], outputs=[table], show_progress=False)
        refresh.click(fn=extension_table, inputs=[], outputs=[table], show_progress=False)
        apply.click(fn=apply_and_restart, _js="extensions_apply", inputs=[disabled, updates, disable_all], outputs=[])
    return page
