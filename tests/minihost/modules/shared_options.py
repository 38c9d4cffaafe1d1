"""The settings; mirrors modules/shared_options.py.

Keys, labels, defaults, components and infotext names as on the real host, for the settings that do something
here or that extensions read. Most have their default component: a field for text, a tick for True or False.
"""

import os

import gradio as gr
from modules import localization, sd_emphasis, shared, shared_items, ui_components, util
from modules.options import OptionInfo, categories, options_section
from modules.paths_internal import data_path, default_output_dir
from modules.shared_cmd_options import cmd_opts

options_templates = {}
hide_dirs = shared.hide_dirs

restricted_opts = {
    "samples_filename_pattern",
    "directories_filename_pattern",
    "outdir_samples",
    "outdir_txt2img_samples",
    "outdir_img2img_samples",
    "outdir_extras_samples",
    "outdir_grids",
    "outdir_txt2img_grids",
    "outdir_save",
    "outdir_init_images",
    "temp_dir",
    "clean_temp_dir_at_start",
}

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
        "samples_filename_pattern": _I("", "Images filename pattern", component_args=hide_dirs),
        "save_images_add_number": _I(True, "Add number to filename when saving", component_args=hide_dirs),
        "save_images_replace_action": _I(
            "Replace",
            "Saving the image to an existing file",
            gr.Radio,
            {"choices": ["Replace", "Add number suffix"], **hide_dirs},
        ),
        "grid_save": _I(True, "Always save all generated image grids"),
        "grid_format": _I("png", "File format for grids"),
        "grid_extended_filename": _I(False, "Add extended info (seed, prompt) to filename when saving grid"),
        "grid_only_if_multiple": _I(True, "Do not save grids consisting of one picture"),
        "grid_prevent_empty_spots": _I(False, "Prevent empty spots in grid (when set to autodetect)"),
        "n_rows": _I(
            -1, "Grid row count; use -1 for autodetect and 0 for it to be same as batch size", *_slider(-1, 16)
        ),
        "font": _I("", "Font for image grids that have text"),
        "grid_text_active_color": _I("#000000", "Text color for image grids", ui_components.FormColorPicker, {}),
        "grid_text_inactive_color": _I(
            "#999999", "Inactive text color for image grids", ui_components.FormColorPicker, {}
        ),
        "grid_background_color": _I("#ffffff", "Background color for image grids", ui_components.FormColorPicker, {}),
        "save_images_before_highres_fix": _I(False, "Save a copy of image before applying highres fix."),
        "save_mask": _I(False, "For inpainting, save a copy of the greyscale mask"),
        "save_mask_composite": _I(False, "For inpainting, save a masked composite"),
        "jpeg_quality": _I(80, "Quality for saved jpeg and avif images", *_slider(1, 100)),
        "webp_lossless": _I(False, "Use lossless compression for webp images"),
        "export_for_4chan": _I(True, "Save copy of large images as JPG"),
        "img_downscale_threshold": _I(4.0, "File size limit for the above option, MB", gr.Number),
        "target_side_length": _I(4000, "Width/height limit for the above option, in pixels", gr.Number),
        "img_max_size_mp": _I(200, "Maximum image size", gr.Number).info("in megapixels"),
        "temp_dir": _I("", "Directory for temporary images; leave empty for default"),
        "clean_temp_dir_at_start": _I(False, "Cleanup non-default temporary directory when starting webui"),
        "save_incomplete_images": _I(False, "Save incomplete images"),
    },
)

_section(
    "saving-paths",
    "Paths for saving",
    "saving",
    {
        key: _I(default, label, component_args=hide_dirs)
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
        "grid_save_to_dirs": _I(True, "Save grids to a subdirectory"),
        "directories_filename_pattern": _I("[date]", "Directory name pattern", component_args=hide_dirs),
        "directories_max_prompt_words": _I(
            8,
            "Max prompt words for [prompt_words] pattern",
            gr.Slider,
            {"minimum": 1, "maximum": 20, "step": 1, **hide_dirs},
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
    "system",
    "System",
    "system",
    {
        "show_warnings": _I(False, "Show warnings in console.").needs_reload_ui(),
        "show_gradio_deprecation_warnings": _I(True, "Show gradio deprecation warnings in console.").needs_reload_ui(),
        "samples_log_stdout": _I(False, "Always print all generation info to standard output"),
        "multiple_tqdm": _I(True, "Add a second progress bar to the console that shows progress for an entire job."),
        "list_hidden_files": _I(True, "Load models/files in hidden directories"),
    },
)

_section(
    "API",
    "API",
    "system",
    {
        "api_enable_requests": _I(True, "Allow http:// and https:// URLs for input images in API", restrict_api=True),
        "api_forbid_local_requests": _I(True, "Forbid URLs to local resources", restrict_api=True),
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
        "sd_checkpoint_cache": _I(0, "Checkpoints to cache in RAM", *_slider(0, 10)),
        "emphasis": _I(
            "Original",
            "Emphasis mode",
            gr.Radio,
            lambda: {"choices": [x.name for x in sd_emphasis.options]},
            infotext="Emphasis",
        ),
        "enable_batch_seeds": _I(
            True, "Make K-diffusion samplers produce same images in a batch as when making a single image"
        ),
        "comma_padding_backtrack": _I(20, "Prompt word wrap length limit", *_slider(0, 74)),
        "sdxl_clip_l_skip": _I(False, "Clip skip SDXL", gr.Checkbox),
        "CLIP_stop_at_last_layers": _I(1, "Clip skip", *_slider(1, 12), infotext="Clip skip"),
        "upcast_attn": _I(False, "Upcast cross attention layer to float32"),
        "randn_source": _I("GPU", "Random number generator source.", *_radio("GPU", "CPU", "NV"), infotext="RNG"),
        "tiling": _I(False, "Tiling", infotext="Tiling"),
        "hires_fix_refiner_pass": _I(
            "second pass",
            "Hires fix: which pass to enable refiner for",
            *_radio("first pass", "second pass", "both passes"),
            infotext="Hires refiner",
        ),
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
        "auto_vae_precision": _I(True, "Automatically revert VAE to 32-bit floats"),
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
        "img2img_background_color": _I(
            "#ffffff",
            "With img2img, fill transparent parts of the input image with this color.",
            ui_components.FormColorPicker,
            {},
        ),
        "img2img_editor_height": _I(720, "Height of the image editor", *_slider(80, 1600)).needs_reload_ui(),
        "img2img_inpaint_mask_brush_color": _I(
            "#ffffff", "Inpaint mask brush color", ui_components.FormColorPicker, {}
        ).needs_reload_ui(),
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
        "persistent_cond_cache": _I(True, "Persistent cond cache"),
        "batch_cond_uncond": _I(True, "Batch cond/uncond"),
    },
)

_section(
    "compatibility",
    "Compatibility",
    "sd",
    {
        "auto_backcompat": _I(True, "Automatic backward compatibility"),
        "use_old_emphasis_implementation": _I(
            False, "Use old emphasis implementation. Can be useful to reproduce old seeds."
        ),
        "use_old_hires_fix_width_height": _I(
            False,
            "For hires fix, use width/height sliders to set final resolution "
            "rather than first pass (disables Upscale by, Resize width/height "
            "to).",
        ),
        "hires_fix_use_firstpass_conds": _I(
            False, "For hires fix, calculate conds of second pass using extra networks of first pass."
        ),
        "use_old_scheduling": _I(False, "Use old prompt editing timelines.", infotext="Old prompt editing timelines"),
        "refiner_switch_by_sample_steps": _I(
            False,
            "Switch to refiner by sampling steps instead of model timesteps. Old behavior for refiner.",
            infotext="Refiner switch by sampling steps",
        ),
    },
)

_section(
    "extra_networks",
    "Extra Networks",
    "sd",
    {
        "textual_inversion_add_hashes_to_infotext": _I(True, "Add Textual Inversion hashes to infotext"),
    },
)

_section(
    "ui_prompt_editing",
    "Prompt editing",
    "ui",
    {
        "disable_token_counters": _I(False, "Disable prompt token counters"),
        "include_styles_into_token_counters": _I(True, "Count tokens of enabled styles"),
    },
)

_section(
    "ui_gallery",
    "Gallery",
    "ui",
    {
        "return_grid": _I(True, "Show grid in gallery"),
        "do_not_show_images": _I(False, "Do not show any images in gallery"),
        "gallery_height": _I("", "Gallery height", gr.Textbox).needs_reload_ui(),
    },
)

_section(
    "ui_alternatives",
    "UI alternatives",
    "ui",
    {
        "samplers_in_dropdown": _I(True, "Use dropdown for sampler selection instead of radio group").needs_reload_ui(),
        "dimensions_and_batch_together": _I(True, "Show Width/Height and Batch sliders in same row").needs_reload_ui(),
        "sd_checkpoint_dropdown_use_short": _I(False, "Checkpoint dropdown: use filenames without paths"),
        "hires_fix_show_sampler": _I(False, "Hires fix: show hires checkpoint and sampler selection").needs_reload_ui(),
        "hires_fix_show_prompts": _I(False, "Hires fix: show hires prompt and negative prompt").needs_reload_ui(),
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
            refresh=lambda: localization.list_localizations(cmd_opts.localizations_dir),
        ).needs_reload_ui(),
        "quicksettings_list": _I(
            ["sd_model_checkpoint"],
            "Quicksettings list",
            ui_components.DropdownMulti,
            lambda: {"choices": list(shared.opts.data_labels)},
        ).needs_reload_ui(),
        "ui_tab_order": _I(
            [], "UI tab order", ui_components.DropdownMulti, lambda: {"choices": list(shared.tab_names)}
        ).needs_reload_ui(),
        "hidden_tabs": _I(
            [], "Hidden UI tabs", ui_components.DropdownMulti, lambda: {"choices": list(shared.tab_names)}
        ).needs_reload_ui(),
        "ui_reorder_list": _I(
            [],
            "UI item order for txt2img/img2img tabs",
            ui_components.DropdownMulti,
            lambda: {"choices": list(shared_items.ui_reorder_categories())},
        ).needs_reload_ui(),
        "show_progress_in_title": _I(True, "Show generation progress in window title."),
        "send_seed": _I(True, "Send seed when sending prompt or image to other interface"),
        "send_size": _I(True, "Send size when sending prompt or image to another interface"),
        "enable_reloading_ui_scripts": _I(False, "Reload UI scripts when using Reload UI option"),
    },
)

_section(
    "infotext",
    "Infotext",
    "ui",
    {
        "enable_pnginfo": _I(True, "Write infotext to metadata of the generated image"),
        "save_txt": _I(False, "Create a text file with infotext next to every generated image"),
        "add_model_name_to_info": _I(True, "Add model name to infotext"),
        "add_model_hash_to_info": _I(True, "Add model hash to infotext"),
        "add_vae_name_to_info": _I(True, "Add VAE name to infotext"),
        "add_vae_hash_to_info": _I(True, "Add VAE hash to infotext"),
        "add_user_name_to_info": _I(False, "Add user name to infotext when authenticated"),
        "add_version_to_infotext": _I(True, "Add program version to infotext"),
        "disable_weights_auto_swap": _I(True, "Disregard checkpoint information from pasted infotext"),
        "infotext_skip_pasting": _I(
            [],
            "Disregard fields from pasted infotext",
            ui_components.DropdownMulti,
            lambda: {"choices": shared_items.get_infotext_names()},
        ),
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
        "show_progressbar": _I(True, "Show progressbar"),
        "live_previews_enable": _I(True, "Show live previews of the created image"),
        "live_previews_image_format": _I("png", "Live preview file format", *_radio("jpeg", "png", "webp")),
        "show_progress_grid": _I(True, "Show previews of all images generated in a batch as a grid"),
        "show_progress_every_n_steps": _I(10, "Live preview display period", *_slider(-1, 32)),
        # The real default, "Approx NN", is a small network of its own.
        "show_progress_type": _I("Approx cheap", "Live preview method", *_radio("Full", "Approx cheap")),
        "live_preview_content": _I("Prompt", "Live preview subject", *_radio("Combined", "Prompt", "Negative prompt")),
        "live_preview_refresh_period": _I(1000, "Progressbar and preview update period").info("in milliseconds"),
        "live_preview_fast_interrupt": _I(False, "Return image with chosen live preview method on interrupt"),
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
        "s_churn": _I(0.0, "sigma churn", *_slider(0.0, 100.0, 0.01), infotext="Sigma churn"),
        "s_tmin": _I(0.0, "sigma tmin", *_slider(0.0, 10.0, 0.01), infotext="Sigma tmin"),
        "s_tmax": _I(0.0, "sigma tmax", *_slider(0.0, 999.0, 0.01), infotext="Sigma tmax"),
        "s_noise": _I(1.0, "sigma noise", *_slider(0.0, 1.1, 0.001), infotext="Sigma noise"),
        "sigma_min": _I(0.0, "sigma min", gr.Number, infotext="Schedule min sigma"),
        "sigma_max": _I(0.0, "sigma max", gr.Number, infotext="Schedule max sigma"),
        "rho": _I(0.0, "rho", gr.Number, infotext="Schedule rho"),
        "eta_noise_seed_delta": _I(0, "Eta noise seed delta", gr.Number, {"precision": 0}, infotext="ENSD"),
    },
)

options_templates.update(
    options_section(
        (None, "Hidden options"),
        {
            "disabled_extensions": _I([], "Disable these extensions"),
            "disable_all_extensions": _I(
                "none",
                "Disable all extensions (preserves the list of disabled extensions)",
                *_radio("none", "extra", "all"),
            ),
            "sd_checkpoint_hash": _I("", "SHA256 hash of the current checkpoint"),
        },
    )
)
