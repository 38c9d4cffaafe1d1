"""A LoRA changes the identity of what is patched."""

import uuid


def _note(model, wanted):
    model.current_lora_hash = str(wanted)
    for part in (model.forge_objects.clip, model.forge_objects.unet):
        patcher = getattr(part, "patcher", part)
        patcher.patches_uuid = uuid.uuid4()
