"""Gradio components that sit well inside forms; mirrors modules/ui_components.py."""

import gradio as gr


class FormComponent:
    def get_expected_parent(self):
        return gr.components.Form


gr.Dropdown.get_expected_parent = FormComponent.get_expected_parent


def _named(block_name):
    """The block name decides which front-end component draws it: a subclass has to keep its parent's."""

    def get_block_name(self):
        return block_name

    return get_block_name


class ToolButton(FormComponent, gr.Button):
    def __init__(self, *args, **kwargs):
        classes = ["tool", *kwargs.pop("elem_classes", [])]
        super().__init__(*args, elem_classes=classes, **kwargs)

    get_block_name = _named("button")


class ResizeHandleRow(gr.Row):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.elem_classes.append("resize-handle-row")

    get_block_name = _named("row")


class FormRow(FormComponent, gr.Row):
    get_block_name = _named("row")


class FormGroup(FormComponent, gr.Group):
    get_block_name = _named("group")


class FormHTML(FormComponent, gr.HTML):
    get_block_name = _named("html")


class FormColorPicker(FormComponent, gr.ColorPicker):
    get_block_name = _named("colorpicker")


class DropdownMulti(FormComponent, gr.Dropdown):
    def __init__(self, **kwargs):
        super().__init__(multiselect=True, **kwargs)

    get_block_name = _named("dropdown")


class InputAccordion(gr.Checkbox):
    """An accordion that is an input: True while open. A hidden checkbox holds the value; the page's script
    keeps the two in step."""

    global_index = 0

    def __init__(self, value, **kwargs):
        self.accordion_id = kwargs.get("elem_id")
        if self.accordion_id is None:
            self.accordion_id = f"input-accordion-{InputAccordion.global_index}"
            InputAccordion.global_index += 1
        super().__init__(value, **{**kwargs, "elem_id": f"{self.accordion_id}-checkbox", "visible": False})
        script = f'function(checked){{ inputAccordionChecked("{self.accordion_id}", checked); }}'
        self.change(fn=None, _js=script, inputs=[self])
        shown = {
            "label": "Accordion",
            **kwargs,
            "elem_id": self.accordion_id,
            "open": value,
            "elem_classes": ["input-accordion"],
        }
        self.accordion = gr.Accordion(**shown)

    def extra(self):
        """A column drawn inside the accordion's label."""
        return gr.Column(elem_id=f"{self.accordion_id}-extra", elem_classes="input-accordion-extra", min_width=0)

    def __enter__(self):
        self.accordion.__enter__()
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.accordion.__exit__(exc_type, exc_val, exc_tb)

    get_block_name = _named("checkbox")
