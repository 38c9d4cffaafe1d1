"""Start-up times by name; mirrors modules/timer.py. Differs: it logs instead of printing."""

import logging
import time

_log = logging.getLogger(__name__)


class TimerSubcategory:
    def __init__(self, timer, category):
        self.timer = timer
        self.category = category
        self.outer = timer.base_category
        self.start = None

    def __enter__(self):
        self.start = time.time()
        self.timer.base_category = f"{self.outer}{self.category}/"
        self.timer.subcategory_level += 1

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.timer.base_category = self.outer
        self.timer.subcategory_level -= 1
        self.timer.add_time_to_record(self.outer + self.category, time.time() - self.start)
        self.timer.record(self.category)


class Timer:
    def __init__(self, print_log=False):
        self.print_log = print_log
        self.base_category = ""
        self.subcategory_level = 0
        self.records = {}
        self.total = 0
        self.start = time.time()

    def elapsed(self):
        now = time.time()
        took, self.start = now - self.start, now
        return took

    def add_time_to_record(self, category, amount):
        self.records[category] = self.records.get(category, 0) + amount

    def record(self, category, extra_time=0, disable_log=False):
        took = self.elapsed() + extra_time
        self.add_time_to_record(self.base_category + category, took)
        self.total += took
        if self.print_log and not disable_log:
            _log.info("%s%s: %.3f s", "  " * self.subcategory_level, category, took)

    def subcategory(self, name):
        self.elapsed()
        return TimerSubcategory(self, name)

    def summary(self):
        slow = [f"{k}: {v:.1f}s" for k, v in self.records.items() if v >= 0.1 and "/" not in k]
        return f"{self.total:.1f}s" + (f" ({', '.join(slow)})" if slow else "")

    def dump(self):
        return {"total": self.total, "records": self.records}

    def reset(self):
        self.__init__()


startup_timer = Timer()
startup_record = None
