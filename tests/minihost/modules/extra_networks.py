"""Extra networks named in a prompt, `<lora:name:0.8>`.

Mirrors `modules/extra_networks.py`. Differs: `register_default_extra_networks` knows the Lora network of this host
(on the real one a built-in extension registers it) and no hypernetworks; metadata files aren't read.
"""

import logging
import re
from collections import defaultdict

from modules import errors

extra_network_registry = {}
extra_network_aliases = {}

re_extra_net = re.compile(r"<(\w+):([^>]+)>")


def initialize():
    extra_network_registry.clear()
    extra_network_aliases.clear()


def register_extra_network(extra_network):
    extra_network_registry[extra_network.name] = extra_network


def register_default_extra_networks():
    from modules._lora import _Lora

    register_extra_network(_Lora())


class ExtraNetworkParams:
    """What stood between the colons: `positional` and `named` (key=value) arguments."""

    def __init__(self, items=None):
        self.items = items or []
        self.positional = []
        self.named = {}
        for item in self.items:
            key, is_named, value = item.partition("=") if isinstance(item, str) else (item, "", "")
            if is_named and "=" not in value:
                self.named[key] = value
            else:
                self.positional.append(item)

    def __eq__(self, other):
        return self.items == other.items

    __hash__ = None


class ExtraNetwork:
    """Base class. `activate` is called for every batch, also with an empty list: then the effect must go."""

    def __init__(self, name):
        self.name = name

    def activate(self, p, params_list):
        raise NotImplementedError

    def deactivate(self, p):
        raise NotImplementedError


def lookup_extra_networks(extra_network_data):
    """Network object → its list of parameters; unknown names are logged and left out."""
    found = {}
    for name, params in list(extra_network_data.items()):
        network = extra_network_registry.get(name) or extra_network_aliases.get(name)
        if network is None:
            logging.info("Unknown extra network left out: %s", name)
            continue
        found.setdefault(network, []).extend(params)
    return found


def _call(what, network, *args):
    """Runs a network's method; an error is shown and the generation goes on."""
    try:
        getattr(network, what)(*args)
    except Exception as e:
        errors.display(e, f"{what} of extra network {network.name}")
        return False
    return True


def activate(p, extra_network_data):
    done = [n for n, params in lookup_extra_networks(extra_network_data).items() if _call("activate", n, p, params)]
    for network in extra_network_registry.values():
        if network not in done:
            _call("activate", network, p, [])

    if p.scripts is not None:
        p.scripts.after_extra_networks_activate(
            p,
            batch_number=p.iteration,
            prompts=p.prompts,
            seeds=p.seeds,
            subseeds=p.subseeds,
            extra_network_data=extra_network_data,
        )


def deactivate(p, extra_network_data):
    named = lookup_extra_networks(extra_network_data)
    for network in [*named, *(n for n in extra_network_registry.values() if n not in named)]:
        _call("deactivate", network, p)


def parse_prompt(prompt):
    """The prompt without its `<name:args>` and what they were."""
    found = defaultdict(list)

    def take(match):
        found[match.group(1)].append(ExtraNetworkParams(items=match.group(2).split(":")))
        return ""

    return re_extra_net.sub(take, prompt), found


def parse_prompts(prompts):
    """All prompts without their extra networks, and the networks of the first: they hold for the whole batch."""
    parsed = [parse_prompt(prompt) for prompt in prompts]
    return [text for text, _ in parsed], parsed[0][1] if parsed else None
