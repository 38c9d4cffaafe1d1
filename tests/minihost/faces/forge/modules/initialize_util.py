"""A change of checkpoint or VAE does nothing by itself."""


def configure_opts_onchange():
    from modules import shared, ui_tempdir

    shared.opts.onchange("temp_dir", ui_tempdir.on_tmpdir_changed)
    shared.reload_gradio_theme()
