"""The UNet behind a patcher. Differs: nothing is patched, a LoRA changes the weights."""


class UnetPatcher:
    def __init__(self, *args, **kwargs):
        (self.model,) = args
        self.model_options = {"transformer_options": {}}
