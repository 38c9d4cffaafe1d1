"""`python -m tests.minihost [--face FACE] [--port 7860] [--data-dir DIR] [--extension DIR ...] [flags of the host]`

Runs the embedded host with this repository as an extension, until Ctrl-C.
"""

import argparse
import os
import signal
import sys

from tests.minihost import faces, launch


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.minihost",
        allow_abbrev=False,
        epilog="Other arguments go to the host, see modules/cmd_args.py.",
    )
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--data-dir", default=str(launch.DEFAULT_DATA), help="models, settings, outputs")
    parser.add_argument(
        "--extension",
        action="append",
        default=[],
        metavar="DIR",
        help="an extension's folder; may be given more than once (default: this repository)",
    )
    parser.add_argument("--no-extension", action="store_true", help="none at all")
    parser.add_argument("--trained-model", action="store_true", help="with the small trained model, not only noise")
    parser.add_argument("--face", choices=faces.FOLDERS, default="a1111", help="which WebUI of the family it is")
    own, others = parser.parse_known_args()

    # Ctrl-C ends it at once, whatever is being generated.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

    extensions = [] if own.no_extension else own.extension or [launch.REPO]
    if "--api" not in others:
        others = ["--api", *others]
    launch.prepare(own.data_dir, extensions, others, own.trained_model, own.face)

    # On a real host the extension's folder is importable only while its scripts load.
    sys.path = [x for x in sys.path if os.path.abspath(x or ".") != str(launch.REPO)]

    def ready(url):
        sys.stdout.write(f"The embedded host runs at {url}\n")
        sys.stdout.flush()

    launch.serve(own.port, ready)


if __name__ == "__main__":
    main()
