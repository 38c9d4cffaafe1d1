"""`python -m benchmarks.lens [ROUNDS]`: what a look through the lens takes, beside plain passes of the text encoder.

On the embedded host in this process, with a text encoder of the shapes that SD1 has (CLIP-L: 12 layers, 768 channels,
77 places) and random weights, on the processor. A plain pass is what a generation asks the host for; a look is
`Host.lens` with its answer written as JSON. In each round one follows the other with a prompt of its own, the first now
one and now the other.

Memory is the process's highest resident set while something ran, above what it had before (Linux's VmHWM, which is set
back before), after one of each has warmed up.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import full_size
from benchmarks.common import spread
from tests.minihost import launch

ROUNDS = 15
TOKENS, MANY = 75, 1000
NOUNS = ("cat", "house", "street", "dog", "hill", "boat", "lamp", "tree", "river", "chair")
COLOURS = ("red", "green", "blue", "white", "black")
ENCODER_ONLY = full_size.Sizes((96, 96, 96, 96), (32, 32, 32, 32), 768)
MEGABYTE = 1_000_000


def prompt_of(tokens: int, number: int) -> str:
    """A prompt of so many tokens, another one for each number: each word and each comma is one."""
    words = [(COLOURS[(i + number) % 5], NOUNS[(3 * i + number) % 10], ",") for i in range(tokens // 3 + 1)]
    return " ".join([word for three in words for word in three][:tokens])


def host_of(folder: Path) -> Any:
    """The embedded host's modules in this process, with the checkpoint loaded; what they are as panels see them."""
    full_size.write(folder / "encoder-of-sd1.safetensors", ENCODER_ONLY)
    launch.prepare(folder / "host", [], ["--disable-console-progressbars", "--ckpt-dir", str(folder)])
    import modules.initialize
    import modules.shared_init

    modules.shared_init.initialize()
    from modules import extra_networks, sd_models, shared

    from clip_skip_lab.engines import detect
    from clip_skip_lab.webui.options import lendable

    lendable(shared.opts)
    sd_models.setup_model()
    sd_models.list_models()
    extra_networks.initialize()
    shared.opts.data.update(CLIP_stop_at_last_layers=2)
    (wanted,) = [info for info in sd_models.checkpoints_list.values() if "encoder-of-sd1" in info.title]
    shared.opts.data["sd_model_checkpoint"] = wanted.title
    sd_models.load_model(wanted)
    return detect()


def plain(prompt: str) -> None:
    """What a generation asks the host for."""
    import torch
    from modules import devices, prompt_parser, shared

    with torch.no_grad(), devices.autocast():
        shared.sd_model.get_learned_conditioning(prompt_parser.SdConditioning([prompt]))


def look(host: Any, prompt: str, mixing: bool = False) -> int:
    """What the route does; returns the length of the answer."""
    from clip_skip_lab.lens.look import Look

    return len(json.dumps(host.lens(Look(prompt, mixing=mixing))))


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor, by which a busy machine can be measured too."""

    wall: float
    cpu: float


def timed(action: Callable[[], Any]) -> Took:
    """What an action took."""
    started, cpu = time.perf_counter(), time.process_time()
    action()
    return Took(time.perf_counter() - started, time.process_time() - cpu)


def compare(host: Any, tokens: int, rounds: int) -> None:
    """Prints what a plain pass and a look take, in turn; the first round warms up."""
    ways = {"plain": plain, "look": partial(look, host)}
    took: dict[str, list[Took]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name in list(ways)[:: 1 if number % 2 else -1]:
            took[name].append(timed(partial(ways[name], prompt_of(tokens, number))))
    print(f"\n{tokens} tokens, {rounds} rounds:\n\n| seconds | by the clock | of the processor |\n|---|---|---|")
    for name in ways:
        print(f"| {name} | {told([(one.wall, one.cpu) for one in took[name][1:]])} |")
    pairs = list(zip(took["look"][1:], took["plain"][1:], strict=True))
    print(f"| look / plain | {told([(one.wall / other.wall, one.cpu / other.cpu) for one, other in pairs])} |")
    beyond = [(one.wall - 1.3 * other.wall, one.cpu - 1.3 * other.cpu) for one, other in pairs]
    print(f"| look − 1.3 plain | {told(beyond)} |", flush=True)


def told(both: Sequence[tuple[float, float]]) -> str:
    """Two columns."""
    return " | ".join(spread(list(values)) for values in zip(*both, strict=True))


def highest(action: Callable[[], Any]) -> float:
    """By how many megabytes the process's resident set grew at most while something ran."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what was freed before would take what is new
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _memory("VmRSS")
    action()
    return (_memory("VmHWM") - before) / MEGABYTE


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith(name)]
    return 1024 * int(kilobytes)


def memory(host: Any, tokens: int, times: int = 3) -> None:
    """Prints the memory that both take."""
    prompt = prompt_of(tokens, 0)
    for name, way in {"plain": plain, "look": partial(look, host)}.items():
        print(f"{tokens} tokens, {name}: MB at most {spread([highest(partial(way, prompt)) for _ in range(times)])}")
    print(f"{tokens} tokens: the answer has {look(host, prompt) / MEGABYTE:.2f} MB", flush=True)


def main() -> None:
    """Prints times and memory."""
    import torch

    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        host = host_of(Path(folder))
        compare(host, TOKENS, rounds)
        for tokens in (TOKENS, MANY):
            memory(host, tokens)
        compare(host, MANY, max(2, rounds // 5))
        took = timed(partial(look, host, prompt_of(TOKENS, 1), mixing=True))
        print(f"\n{TOKENS} tokens with mixing: {took.wall:.1f} s, {took.cpu:.1f} of the processor")


if __name__ == "__main__":
    main()
