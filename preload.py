"""Run by the WebUI before it reads its command line. Clip Skip Lab has no flags yet."""


def preload(parser) -> None:
    """The host calls this with its `argparse.ArgumentParser`."""
