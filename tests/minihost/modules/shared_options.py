"""The settings; mirrors modules/shared_options.py.

Keys, labels, defaults, components and infotext names as on the real host, for the settings that do something
here or that extensions read. Most have their default component: a field for text, a tick for True or False.
"""

import os

import gradio as gr
from modules import localization, sd_emphasis, shared, shared_items, ui_components, util
from modules.options import OptionInfo, categories, options_section
from modules.paths_internal import data_path, default_output_dir

options_templates = {}

restricted_opts = set()

for _id, _label in {
    "saving": "Saving images",
    "sd": "Stable Diffusion",
    "ui": "User Interface",
    "system": "System",
    "postprocessing": "Postprocessing",
}.items():
    categories.register_category(_id, _label)


def _slider(low, high, step=1):
    return gr.Slider, {"minimum": low, "maximum": high, "step": step}


def _radio(*choices):
    return gr.Radio, {"choices": list(choices)}


def _section(identifier, title, category, options):
    options_templates.update(options_section((identifier, title, category), options))


def _outdir(*parts):
    return util.truncate_path(os.path.join(*parts))


_I = OptionInfo
_section(
    "saving-images",
    "Saving images/grids",
    "saving",
    {
        "samples_save": _I(True, "Always save all generated images"),
        "samples_format": _I("png", "File format for images"),
        "samples_filename_pattern": _I("", "Images filename pattern"),
        "save_images_add_number": _I(True, "Add number to filename when saving"),
        "save_images_replace_action": _I(
            "Replace",
            "Saving the image to an existing file",
            *_radio("Replace", "Add number suffix"),
        ),
        "grid_save": _I(True, "Always save all generated image grids"),
        "grid_format": _I("png", "File format for grids"),
        "grid_only_if_multiple": _I(True, "Do not save grids consisting of one picture"),
        "font": _I("", "Font for image grids that have text"),
        "grid_text_active_color": _I("#000000", "Text color for image grids", ui_components.FormColorPicker, {}),
        "grid_text_inactive_color": _I(
            "#999999", "Inactive text color for image grids", ui_components.FormColorPicker, {}
        ),
        "grid_background_color": _I("#ffffff", "Background color for image grids", ui_components.FormColorPicker, {}),
        "jpeg_quality": _I(80, "Quality for saved jpeg and avif images", *_slider(1, 100)),
        "webp_lossless": _I(False, "Use lossless compression for webp images"),
        "export_for_4chan": _I(True, "Save copy of large images as JPG"),
        "img_max_size_mp": _I(200, "Maximum image size", gr.Number).info("in megapixels"),
        "temp_dir": _I("", "Directory for temporary images; leave empty for default"),
    },
)

_section(
    "saving-paths",
    "Paths for saving",
    "saving",
    {
        key: _I(default, label)
        for key, default, label in (
            ("outdir_samples", "", "Output directory for images; if empty, defaults to three directories below"),
            (
                "outdir_txt2img_samples",
                _outdir(default_output_dir, "txt2img-images"),
                "Output directory for txt2img images",
            ),
            (
                "outdir_img2img_samples",
                _outdir(default_output_dir, "img2img-images"),
                "Output directory for img2img images",
            ),
            ("outdir_grids", "", "Output directory for grids; if empty, defaults to two directories below"),
            (
                "outdir_txt2img_grids",
                _outdir(default_output_dir, "txt2img-grids"),
                "Output directory for txt2img grids",
            ),
            (
                "outdir_img2img_grids",
                _outdir(default_output_dir, "img2img-grids"),
                "Output directory for img2img grids",
            ),
            ("outdir_save", _outdir(data_path, "log", "images"), "Directory for saving images using the Save button"),
        )
    },
)

_section(
    "saving-to-dirs",
    "Saving to a directory",
    "saving",
    {
        "save_to_dirs": _I(True, "Save images to a subdirectory"),
        "directories_filename_pattern": _I("[date]", "Directory name pattern"),
        "directories_max_prompt_words": _I(
            8,
            "Max prompt words for [prompt_words] pattern",
            *_slider(1, 20),
        ),
    },
)

_section(
    "upscaling",
    "Upscaling",
    "postprocessing",
    {
        "upscaler_for_img2img": _I(
            None, "Upscaler for img2img", gr.Dropdown, lambda: {"choices": [x.name for x in shared.sd_upscalers]}
        ),
    },
)

_section(
    "sd",
    "Stable Diffusion",
    "sd",
    {
        "sd_model_checkpoint": _I(
            None,
            "Stable Diffusion checkpoint",
            gr.Dropdown,
            lambda: {"choices": shared_items.list_checkpoint_tiles(shared.opts.sd_checkpoint_dropdown_use_short)},
            refresh=shared_items.refresh_checkpoints,
            infotext="Model hash",
        ),
        "sd_checkpoints_limit": _I(1, "Maximum number of checkpoints loaded at the same time", *_slider(1, 10)),
        "emphasis": _I(
            "Original",
            "Emphasis mode",
            gr.Radio,
            lambda: {"choices": [x.name for x in sd_emphasis.options]},
            infotext="Emphasis",
        ),
        "comma_padding_backtrack": _I(20, "Prompt word wrap length limit", *_slider(0, 74)),
        "sdxl_clip_l_skip": _I(False, "Clip skip SDXL", gr.Checkbox),
        "CLIP_stop_at_last_layers": _I(1, "Clip skip", *_slider(1, 12), infotext="Clip skip"),
        "tiling": _I(False, "Tiling", infotext="Tiling"),
    },
)

_section(
    "vae",
    "VAE",
    "sd",
    {
        "sd_vae": _I(
            "Automatic",
            "SD VAE",
            gr.Dropdown,
            lambda: {"choices": shared_items.sd_vae_items()},
            refresh=shared_items.refresh_vae_list,
            infotext="VAE",
        ),
        "sd_vae_overrides_per_model_preferences": _I(True, "Selected VAE overrides per-model preferences"),
    },
)

_section(
    "img2img",
    "img2img",
    "sd",
    {
        "initial_noise_multiplier": _I(
            1.0, "Noise multiplier for img2img", *_slider(0.0, 1.5, 0.001), infotext="Noise multiplier"
        ),
        "img2img_fix_steps": _I(False, "With img2img, do exactly the amount of steps the slider specifies."),
        "return_mask": _I(False, "For inpainting, include the greyscale mask in results for web"),
        "return_mask_composite": _I(False, "For inpainting, include masked composite in results for web"),
        "overlay_inpaint": _I(True, "Overlay original for inpaint"),
    },
)

_section(
    "optimizations",
    "Optimizations",
    "sd",
    {
        "pad_cond_uncond": _I(False, "Pad prompt/negative prompt", infotext="Pad conds"),
    },
)

_section(
    "compatibility",
    "Compatibility",
    "sd",
    {
        "use_old_emphasis_implementation": _I(
            False, "Use old emphasis implementation. Can be useful to reproduce old seeds."
        ),
        "hires_fix_use_firstpass_conds": _I(
            False, "For hires fix, calculate conds of second pass using extra networks of first pass."
        ),
        "use_old_scheduling": _I(False, "Use old prompt editing timelines.", infotext="Old prompt editing timelines"),
    },
)

_section(
    "ui_gallery",
    "Gallery",
    "ui",
    {
        "return_grid": _I(True, "Show grid in gallery"),
    },
)

_section(
    "ui_alternatives",
    "UI alternatives",
    "ui",
    {
        "sd_checkpoint_dropdown_use_short": _I(False, "Checkpoint dropdown: use filenames without paths"),
        "interrupt_after_current": _I(True, "Don't Interrupt in the middle"),
    },
)

_section(
    "ui",
    "User interface",
    "ui",
    {
        "localization": _I(
            "None",
            "Localization",
            gr.Dropdown,
            lambda: {"choices": ["None", *localization.localizations]},
            refresh=lambda: localization.list_localizations(shared.cmd_opts.localizations_dir),
        ).needs_reload_ui(),
        "quicksettings_list": _I(
            ["sd_model_checkpoint"],
            "Quicksettings list",
            ui_components.DropdownMulti,
            lambda: {"choices": list(shared.opts.data_labels)},
        ).needs_reload_ui(),
    },
)

_section(
    "infotext",
    "Infotext",
    "ui",
    {
        "enable_pnginfo": _I(True, "Write infotext to metadata of the generated image"),
        "save_txt": _I(False, "Create a text file with infotext next to every generated image"),
        "disable_weights_auto_swap": _I(True, "Disregard checkpoint information from pasted infotext"),
        "infotext_styles": _I(
            "Apply if any",
            "Infer styles from prompts of pasted infotext",
            *_radio("Ignore", "Apply", "Discard", "Apply if any"),
        ),
    },
)

_section(
    "ui",
    "Live previews",
    "ui",
    {
        "live_previews_enable": _I(True, "Show live previews of the created image"),
        "show_progress_every_n_steps": _I(10, "Live preview display period", *_slider(-1, 32)),
        # The real default, "Approx NN", is a small network of its own.
        "show_progress_type": _I("Approx cheap", "Live preview method", *_radio("Full", "Approx cheap")),
    },
)

_section(
    "sampler-params",
    "Sampler parameters",
    "sd",
    {
        "hide_samplers": _I(
            [],
            "Hide samplers in user interface",
            gr.CheckboxGroup,
            lambda: {"choices": [x.name for x in shared_items.list_samplers()]},
        ).needs_reload_ui(),
        "eta_ddim": _I(0.0, "Eta for DDIM", *_slider(0.0, 1.0, 0.01), infotext="Eta DDIM"),
        "eta_ancestral": _I(1.0, "Eta for k-diffusion samplers", *_slider(0.0, 1.0, 0.01), infotext="Eta"),
        "eta_noise_seed_delta": _I(0, "Eta noise seed delta", gr.Number, {"precision": 0}, infotext="ENSD"),
    },
)

options_templates.update(
    options_section(
        (None, "Hidden options"),
        {
            "disabled_extensions": _I([], "Disable these extensions"),
            "sd_checkpoint_hash": _I("", "SHA256 hash of the current checkpoint"),
        },
    )
)
