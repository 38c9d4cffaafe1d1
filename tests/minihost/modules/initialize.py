"""What is done at the start and at each Reload UI; mirrors modules/initialize.py."""

from threading import Thread

from modules.timer import startup_timer


def initialize():
    from modules import initialize_util

    initialize_util.configure_opts_onchange()

    from modules import sd_models

    sd_models.setup_model()
    startup_timer.record("setup SD model")
    initialize_rest(reload_script_modules=False)


def initialize_rest(*, reload_script_modules=False):
    from modules import extensions, localization, scripts, sd_models, sd_samplers, sd_vae, shared, upscaler
    from modules.shared_cmd_options import cmd_opts

    sd_samplers.set_samplers()
    extensions.list_extensions()
    startup_timer.record("list extensions")
    shared.sd_upscalers = upscaler.UpscalerNone().scalers
    sd_models.list_models()
    startup_timer.record("list SD models")
    localization.list_localizations(cmd_opts.localizations_dir)
    with startup_timer.subcategory("load scripts"):
        scripts.load_scripts()
    sd_vae.refresh_vae_list()
    startup_timer.record("refresh VAE")
    if not cmd_opts.skip_load_model_at_start:
        # Reading the property loads the model; the page doesn't wait for it.
        Thread(target=lambda: shared.sd_model, name="load-model", daemon=True).start()

    from modules import extra_networks

    extra_networks.initialize()
    extra_networks.register_default_extra_networks()
    startup_timer.record("initialize extra networks")
