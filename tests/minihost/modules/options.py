"""Settings with labels, sections and restrictions; mirrors modules/options.py.

No range of a slider is checked anywhere, as on the real host: what is set is what is used.
"""

import json
import logging
import os
from dataclasses import dataclass

import gradio as gr
from modules import errors
from modules.shared_cmd_options import cmd_opts

_log = logging.getLogger(__name__)


class OptionInfo:
    def __init__(
        self,
        default=None,
        label="",
        component=None,
        component_args=None,
        onchange=None,
        section=None,
        refresh=None,
        comment_before="",
        comment_after="",
        infotext=None,
        restrict_api=False,
        category_id=None,
    ):
        self.default = default
        self.label = label
        self.component = component
        self.component_args = component_args
        self.onchange = onchange
        self.section = section
        self.category_id = category_id
        self.refresh = refresh
        self.do_not_save = False
        self.comment_before = comment_before
        self.comment_after = comment_after
        self.infotext = infotext
        self.restrict_api = restrict_api

    def link(self, label, url):
        self.comment_before += f"[<a href='{url}' target='_blank'>{label}</a>]"
        return self

    def js(self, label, js_func):
        self.comment_before += f"[<a onclick='{js_func}(); return false'>{label}</a>]"
        return self

    def info(self, info):
        return self.html(f"<span class='info'>({info})</span>")

    def html(self, html):
        self.comment_after += html
        return self

    def needs_reload_ui(self):
        return self.html(" <span class='info'>(requires Reload UI)</span>")


class OptionHTML(OptionInfo):
    def __init__(self, text):
        super().__init__(str(text).strip(), component=lambda **kw: gr.HTML(elem_classes="settings-info", **kw))
        self.do_not_save = True


def options_section(section_identifier, options_dict):
    """Gives each option its section (id, title) and, from a triple, its category."""
    for info in options_dict.values():
        info.section = tuple(section_identifier[:2])
        if len(section_identifier) == 3:
            info.category_id = section_identifier[2]
    return options_dict


options_builtin_fields = {"data_labels", "data", "restricted_opts", "typemap"}


def _split(text):
    return [] if text is None else [x.strip() for x in text.split(",")]


class Options:
    typemap = {int: float}

    def __init__(self, data_labels: dict[str, OptionInfo], restricted_opts):
        self.data_labels = data_labels
        self.data = {k: v.default for k, v in data_labels.items() if not v.do_not_save}
        self.restricted_opts = restricted_opts

    def __setattr__(self, key, value):
        known = key not in options_builtin_fields and (key in self.data or key in self.data_labels)
        if not known:
            return super().__setattr__(key, value)

        assert not cmd_opts.freeze_settings, "changing settings is disabled"
        # A key of the file that no option has a label for fails here, on the real host too.
        info = self.data_labels.get(key)
        if info.do_not_save:
            return None
        if isinstance(info.component_args, dict) and info.component_args.get("visible", True) is False:
            raise RuntimeError(f"not possible to set '{key}' because it is restricted")
        assert info.section[0] not in _split(cmd_opts.freeze_settings_in_sections), (
            f"not possible to set '{key}': its section is frozen"
        )
        assert key not in _split(cmd_opts.freeze_specific_settings), f"not possible to set '{key}': it is frozen"
        self.data[key] = value
        return None

    def __getattr__(self, item):
        # Called only when nothing of that name is on the object itself.
        if item in options_builtin_fields:
            raise AttributeError(item)
        if item in self.data:
            return self.data[item]
        if item in self.data_labels:
            return self.data_labels[item].default
        raise AttributeError(f"'Options' object has no attribute '{item}'")

    def set(self, key, value, is_api=False, run_callbacks=True):
        """True when the value changed. An unknown key is a KeyError; a failing onchange puts the old value back."""
        old = self.data.get(key)
        if old == value:
            return False
        info = self.data_labels[key]
        if info.do_not_save or (is_api and info.restrict_api):
            return False
        try:
            setattr(self, key, value)
        except RuntimeError:
            return False
        if run_callbacks and info.onchange is not None:
            try:
                info.onchange()
            except Exception as e:
                errors.display(e, f"changing setting {key} to {value}")
                setattr(self, key, old)
                return False
        return True

    def get_default(self, key):
        info = self.data_labels.get(key)
        return None if info is None else info.default

    def save(self, filename):
        assert not cmd_opts.freeze_settings, "saving settings is disabled"
        with open(filename, "w", encoding="utf8") as file:
            json.dump(self.data, file, indent=4, ensure_ascii=False)

    def same_type(self, x, y):
        if x is None or y is None:
            return True
        return self.typemap.get(type(x), type(x)) == self.typemap.get(type(y), type(y))

    def load(self, filename):
        """Replaces all data by the file's: what the file lacks reads as the default and is not in `data`."""
        try:
            with open(filename, encoding="utf8") as file:
                self.data = json.load(file)
        except FileNotFoundError:
            self.data = {}
        except ValueError:
            errors.report(f"The settings file {filename} can't be read; it was set aside", exc_info=True)
            os.replace(filename, f"{filename}.broken")
            self.data = {}
        for key, value in self.data.items():
            info = self.data_labels.get(key)
            if info is not None and not self.same_type(info.default, value):
                _log.warning("bad setting value: %s: %r (expected %s)", key, value, type(info.default).__name__)

    def onchange(self, key, func, call=True):
        self.data_labels[key].onchange = func
        if call:
            func()

    def dumpjson(self):
        """What the page's script gets as `opts`."""
        labels = self.data_labels
        titles = {}
        for info in labels.values():
            if info.section[0] is not None:
                category = categories.mapping.get(info.category_id)
                titles.setdefault(category.label if category else "Uncategorized", info.section[1])
        return json.dumps(
            {
                **{k: self.data.get(k, v.default) for k, v in labels.items()},
                "_comments_before": {k: v.comment_before for k, v in labels.items() if v.comment_before is not None},
                "_comments_after": {k: v.comment_after for k, v in labels.items() if v.comment_after is not None},
                "_categories": [[first, label] for label, first in titles.items()] + [["Defaults", "Other"]],
            }
        )

    def add_option(self, key, info):
        self.data_labels[key] = info
        if key not in self.data and not info.do_not_save:
            self.data[key] = info.default

    def reorder(self):
        """Options of a section together, sections of a category together and by title, categories as registered."""
        section_category = {}
        for info in self.data_labels.values():
            section_category.setdefault(info.section, info.category_id)
        order = list(categories.mapping)

        def place(item):
            category = section_category[item[1].section]
            return (order.index(category) if category in order else len(order)), item[1].section[1]

        for info in self.data_labels.values():
            info.category_id = section_category[info.section]
        self.data_labels = dict(sorted(self.data_labels.items(), key=place))

    def cast_value(self, key, value):
        """A value (of an infotext, say) in the type of the setting's default, else of its present value."""
        model = self.data_labels[key].default
        if model is None:
            model = getattr(self, key, None)
        if value is None or model is None:
            return None
        if isinstance(model, bool) and value == "False":
            return False
        return type(model)(value)


@dataclass
class OptionsCategory:
    id: str
    label: str


class OptionsCategories:
    def __init__(self):
        self.mapping = {}

    def register_category(self, category_id, label):
        if category_id in self.mapping:
            return category_id
        self.mapping[category_id] = OptionsCategory(category_id, label)
        return None


categories = OptionsCategories()
