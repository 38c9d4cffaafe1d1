"""Nothing is hijacked; the object is there for extensions that ask for it."""


class StableDiffusionModelHijack:
    def hijack(self, m):
        """Nothing."""

    def undo_hijack(self, m):
        """Nothing."""

    def apply_circular(self, enable):
        """Nothing."""

    def clear_comments(self):
        """Nothing."""

    def get_prompt_lengths(self, text, cond_stage_model):
        from modules import shared

        return shared.sd_model.get_prompt_lengths_on_ui(text)


model_hijack = StableDiffusionModelHijack()
