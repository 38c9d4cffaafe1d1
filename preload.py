"""Run by the WebUI before it reads its command line: the flags of Clip Skip Lab."""

from argparse import ArgumentParser


def preload(parser: ArgumentParser) -> None:
    """The host calls this with its parser."""
    parser.add_argument(
        "--clip-skip-lab-no-header",
        action="store_true",
        help="Clip Skip Lab: add nothing to the header, whatever its settings say",
    )
    parser.add_argument(
        "--clip-skip-lab-value",
        type=int,
        default=None,
        metavar="N",
        help="Clip Skip Lab: start with this clip skip, as if it were set in the header; out of range it is ignored",
    )
