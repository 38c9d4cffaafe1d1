"""The console's second bar, over a whole job; mirrors modules/shared_total_tqdm.py."""

import tqdm
from modules import shared


def _wanted():
    return not shared.cmd_opts.disable_console_progressbars


class TotalTQDM:
    def __init__(self):
        self._tqdm = None

    def reset(self):
        total = shared.state.job_count * shared.state.sampling_steps
        self._tqdm = tqdm.tqdm(desc="Total progress", total=total, position=1, file=shared.progress_print_out)

    def update(self):
        if _wanted():
            if self._tqdm is None:
                self.reset()
            self._tqdm.update()

    def updateTotal(self, new_total):
        if _wanted():
            if self._tqdm is None:
                self.reset()
            self._tqdm.total = new_total

    def clear(self):
        if self._tqdm is not None:
            self._tqdm.refresh()
            self._tqdm.close()
            self._tqdm = None
