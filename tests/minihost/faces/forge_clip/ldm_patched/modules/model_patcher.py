"""A model and what is patched into its weights. Differs: a LoRA changes the weights themselves."""

import uuid


class ModelPatcher:
    def __init__(self, model, load_device, offload_device, size=0, weight_inplace_update=False):
        self.model = model
        self.load_device = load_device
        self.offload_device = offload_device
        self.patches_uuid = uuid.uuid4()
