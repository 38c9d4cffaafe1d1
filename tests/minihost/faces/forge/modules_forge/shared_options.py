"""Forge's own settings without a place on the Settings page."""


def register(options_templates, options_section, OptionInfo):
    hidden = {
        "forge_unet_storage_dtype": "Automatic",
        "forge_inference_memory": 1024,
        "forge_async_loading": "Queue",
        "forge_pin_shared_memory": "CPU",
        "forge_preset": "sd",
        "forge_additional_modules": [],
    }
    options = {key: OptionInfo(default) for key, default in hidden.items()}
    options_templates.update(options_section((None, "Forge Hidden options"), options))
