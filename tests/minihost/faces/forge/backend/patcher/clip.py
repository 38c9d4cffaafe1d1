"""The text encoders of a model, by name. Differs: no patcher, a LoRA changes the weights."""

import torch


class JointTextEncoder(torch.nn.ModuleDict):
    """Modules that are attributes too."""

    def __getattr__(self, name):
        return self[name] if "_modules" in self.__dict__ and name in self._modules else super().__getattr__(name)


class ObjectDict:
    def __init__(self, x):
        vars(self).update(x)


class CLIP:
    def __init__(self, model_dict={}, tokenizer_dict={}, no_init=False):  # noqa: B006  as it is there
        if not no_init:
            self.cond_stage_model = JointTextEncoder(model_dict)
            self.tokenizer = ObjectDict(tokenizer_dict)
