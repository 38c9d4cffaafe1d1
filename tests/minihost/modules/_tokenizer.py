"""CLIP's own vocabulary as a transformers tokenizer, without a download.

The real host gets it from the Hugging Face cache. Here vocab.json and merges.txt are made from the byte-pair list in
the installed package open-clip-torch (found, never imported) and kept in a folder of the host's data.
"""

import gzip
import importlib.util
import json
from pathlib import Path

_MERGES = 49152 - 256 - 2


def _byte_symbols():
    """One printable character for each byte, in the order of CLIP's vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def write_tokenizer(folder):
    """Writes vocab.json and merges.txt unless they are there; returns the folder."""
    folder = Path(folder)
    vocab_file, merges_file = folder / "vocab.json", folder / "merges.txt"
    if vocab_file.exists() and merges_file.exists():
        return folder

    package = importlib.util.find_spec("open_clip")
    if package is None:
        raise FileNotFoundError("open-clip-torch is needed for CLIP's vocabulary (pip install --no-deps)")
    with gzip.open(Path(package.origin).with_name("bpe_simple_vocab_16e6.txt.gz"), "rt", encoding="utf-8") as file:
        merges = file.read().splitlines()[1 : _MERGES + 1]

    symbols = _byte_symbols()
    words = [*symbols, *(s + "</w>" for s in symbols), *("".join(m.split()) for m in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    merges_file.write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    vocab_file.write_text(json.dumps({word: i for i, word in enumerate(words)}), encoding="utf-8")
    return folder


def load_tokenizer(folder):
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(str(folder))
