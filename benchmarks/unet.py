"""What a step of SD1.5's size costs the card, and what it costs to tell the card.

    python -m benchmarks.unet

UNet at half precision, autocast, 512 × 512, random weights, no host. Milliseconds of a call by its rows (a picture with
a negative prompt has two): called as a WebUI calls it, which launches thousands of kernels from Python, and replayed
from a CUDA graph, which launches one. The second is the card's own time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from diffusers import UNet2DConditionModel

from benchmarks.full_size import Sizes

ROWS = (2, 4, 8, 16, 24, 32)
REPEATS = 5


def milliseconds(call: Callable[[], object]) -> float:
    """Of one call, as mean of some, when the card is done."""
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(REPEATS):
        call()
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - begun) / REPEATS


def main() -> None:
    """Measures each number of rows."""
    torch.set_default_device("cuda")
    sizes = Sizes()
    unet = UNet2DConditionModel(block_out_channels=sizes.unet, cross_attention_dim=sizes.text).half().eval()
    with torch.no_grad(), torch.autocast("cuda", dtype=torch.float16):
        for rows in ROWS:
            given = torch.randn(rows, 4, 64, 64), torch.full((rows,), 500.0), torch.randn(rows, 77, sizes.text)
            for _ in range(2):  # warms up
                unet(*given)
            called = milliseconds(lambda given=given: unet(*given))
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                unet(*given)
            graph.replay()
            print(f"{rows} rows: called {called:.1f}, replayed {milliseconds(graph.replay):.1f}", flush=True)


if __name__ == "__main__":
    main()
