"""The token counter asks the model."""

from modules import shared


def _lengths(prompt):
    return shared.sd_model.get_prompt_lengths_on_ui(prompt)
