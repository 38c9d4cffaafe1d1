"""A text encoder with what its checkpoint has beside the layers."""

import torch
from backend.operations import ForgeOperations


class IntegratedCLIP(torch.nn.Module):
    def __init__(self, cls, config, add_text_projection=False):
        super().__init__()
        self.transformer = cls(config)
        if add_text_projection:
            width = config.hidden_size
            self.transformer.text_projection = ForgeOperations.Linear(width, width)
