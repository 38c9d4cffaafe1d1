"""The Settings tab and the header; mirrors modules/ui_settings.py.

`opts.quicksettings_list` is read in `create_ui`; an option of that list is in the header and not on the page.
Differs: no pages for defaults, system information, actions and licenses, and no search.
"""

import gradio as gr
from modules import script_callbacks, shared, ui_common
from modules.call_queue import wrap_gradio_call_no_job
from modules.shared import opts
from modules.ui_components import FormRow


def _component_args(info):
    return (info.component_args() if callable(info.component_args) else info.component_args) or {}


def get_value_for_setting(key):
    args = {k: v for k, v in _component_args(opts.data_labels[key]).items() if k != "precision"}
    return gr.update(value=getattr(opts, key), **args)


_HEADER_LIST = "quicksettings_list"
_MANAGED = ()
"""Settings that Apply settings leaves alone."""
_BY_TYPE = {str: gr.Textbox, int: gr.Number, bool: gr.Checkbox}


def create_setting_component(key, is_quicksettings=False):
    info = opts.data_labels[key]
    make = info.component or _BY_TYPE.get(type(info.default))
    if make is None:
        raise Exception(f"bad options item type: {type(info.default)} for key {key}")

    def create():
        value = opts.data.get(key, info.default)
        res = make(label=info.label, value=value, elem_id=f"setting_{key}", **_component_args(info))
        if info.refresh is not None:
            ui_common.create_refresh_button(res, info.refresh, info.component_args, f"refresh_{key}")
        return res

    if info.refresh is None or is_quicksettings:
        return create()
    with FormRow():
        return create()


def _own_controls():
    """What the header has beside the settings of its list."""


class UiSettings:
    submit = None
    result = None
    interface = None
    components = None
    component_dict = None
    dummy_component = None
    quicksettings_list = None
    quicksettings_names = None
    text_settings = None

    def run_settings(self, *args):
        """Apply settings: all of the page at once, then the file."""
        rows = [
            (key, value)
            for key, value, component in zip(opts.data_labels, args, self.components, strict=False)
            if component != self.dummy_component and key not in _MANAGED
        ]
        for key, value in rows:
            default = opts.data_labels[key].default
            assert opts.same_type(value, default), (
                f"Bad value for setting {key}: {value}; expecting {type(default).__name__}"
            )
        changed = [key for key, value in rows if opts.set(key, value)]
        text = f"{len(changed)} settings changed{': ' if changed else ''}{', '.join(changed)}."
        opts.save(shared.config_filename)
        return opts.dumpjson(), text

    def run_settings_single(self, value, key):
        """A change in the header: set and saved at once."""
        if not opts.same_type(value, opts.data_labels[key].default):
            return gr.update(visible=True), opts.dumpjson()
        if value is None or not opts.set(key, value):
            return gr.update(value=getattr(opts, key)), opts.dumpjson()
        opts.save(shared.config_filename)
        return get_value_for_setting(key), opts.dumpjson()

    def register_settings(self):
        script_callbacks.ui_settings_callback()

    def create_ui(self, loadsave, dummy_component):
        self.components = []
        self.component_dict = {}
        self.dummy_component = dummy_component
        shared.settings_components = self.component_dict
        opts.reorder()

        self.quicksettings_names = {x: i for i, x in enumerate(getattr(opts, _HEADER_LIST)) if x != "quicksettings"}
        self.quicksettings_list = []

        with gr.Blocks(analytics_enabled=False) as self.interface:
            with gr.Row():
                with gr.Column(scale=6):
                    self.submit = gr.Button(value="Apply settings", variant="primary", elem_id="settings_submit")
                with gr.Column():
                    restart = gr.Button(value="Reload UI", variant="primary", elem_id="settings_restart_gradio")
            self.result = gr.HTML(elem_id="settings_result")
            with gr.Tabs(elem_id="settings"):
                self._create_pages()
                # The page's script reads it as `opts`.
                self.text_settings = gr.Textbox(elem_id="settings_json", value=lambda: opts.dumpjson(), visible=False)
            restart.click(fn=shared.state.request_restart, _js="restart_reload", inputs=[], outputs=[])

    def _create_pages(self):
        in_header = {} if shared.cmd_opts.freeze_settings else self.quicksettings_names
        section = tab = column = None
        for i, (key, info) in enumerate(opts.data_labels.items()):
            if info.section[0] is None:
                if key in in_header:
                    self.quicksettings_list.append((i, key, info))
                self.components.append(self.dummy_component)
                continue
            if info.section != section:
                if tab is not None:
                    column.__exit__()
                    tab.__exit__()
                section = info.section
                tab = gr.TabItem(elem_id=f"settings_{section[0]}", label=section[1])
                tab.__enter__()
                column = gr.Column(elem_id=f"column_settings_{section[0]}", variant="compact")
                column.__enter__()
            if key in in_header:
                self.quicksettings_list.append((i, key, info))
                self.components.append(self.dummy_component)
            else:
                self.component_dict[key] = create_setting_component(key)
                self.components.append(self.component_dict[key])
        if tab is not None:
            column.__exit__()
            tab.__exit__()

    def add_quicksettings(self):
        with gr.Row(elem_id="quicksettings", variant="compact"):
            _own_controls()
            for _, key, _info in sorted(
                self.quicksettings_list, key=lambda x: self.quicksettings_names.get(x[1], x[0])
            ):
                self.component_dict[key] = create_setting_component(key, is_quicksettings=True)

    def add_functionality(self, demo):
        self.submit.click(
            fn=wrap_gradio_call_no_job(lambda *args: self.run_settings(*args), extra_outputs=[gr.update()]),
            inputs=self.components,
            outputs=[self.text_settings, self.result],
        )

        for _, key, info in self.quicksettings_list:
            component = self.component_dict[key]
            if isinstance(component, gr.Textbox):
                events = [component.submit, component.blur]
            elif hasattr(component, "release"):
                # Sliders: Enter in the number field shows the new value and does not set it.
                events = [component.release]
            else:
                events = [component.change]
            for event in events:
                event(
                    fn=lambda value, key=key: self.run_settings_single(value, key=key),
                    inputs=[component],
                    outputs=[component, self.text_settings],
                    show_progress=info.refresh is not None,
                )

        keys = [key for key in opts.data_labels if key in self.component_dict]
        demo.load(
            fn=lambda: [get_value_for_setting(key) for key in keys],
            inputs=[],
            outputs=[self.component_dict[key] for key in keys],
            queue=False,
        )
