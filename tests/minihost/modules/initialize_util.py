"""Parts of the start-up; mirrors modules/initialize_util.py."""


def get_gradio_auth_creds():
    from modules.shared_cmd_options import cmd_opts

    for pair in (cmd_opts.gradio_auth or "").split(","):
        if pair.strip():
            yield tuple(pair.strip().split(":", 1))


def configure_opts_onchange():
    """Settings that do something at once when they change."""
    from modules import sd_models, sd_vae, shared, ui_tempdir
    from modules.call_queue import wrap_queued_call

    shared.opts.onchange("sd_model_checkpoint", wrap_queued_call(lambda: sd_models.reload_model_weights()), call=False)
    shared.opts.onchange("sd_vae", wrap_queued_call(lambda: sd_vae.reload_vae_weights()), call=False)
    shared.opts.onchange(
        "sd_vae_overrides_per_model_preferences", wrap_queued_call(lambda: sd_vae.reload_vae_weights()), call=False
    )
    shared.opts.onchange("temp_dir", ui_tempdir.on_tmpdir_changed)
    shared.reload_gradio_theme()


def setup_middleware(app):
    """Compression; and no cross-origin requests, which gradio alone would allow."""
    from starlette.middleware.gzip import GZipMiddleware

    app.middleware_stack = None  # it can only be added to before it is built
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.build_middleware_stack()
