"""`python -m benchmarks.page [FOLDER]`: how the page of a sweep behaves in Chromium, opened from disk.

For sweeps of 12, 12 × 4 and 1,000 cells of 512 px JPEG: how long until every cell on the screen is drawn, how many
pictures were asked for until then, and the memory of the renderer process, also after scrolling through every cell
at natural size. FOLDER keeps the painted sweeps for the next time; making the large one takes minutes.

Memory is what Linux counts for the process: its own pages, with its share of those it shares (PSS), and all that are
in memory (RSS).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.browser.chromium import find_chromium
from tests.helpers.painted import painted_sweep, plan_of

ROUNDS = 5
SCREEN = {"width": 1440, "height": 900}
SWEEPS = {
    "12": lambda: plan_of("1-12"),
    "12 × 4": lambda: plan_of("1-12", y=("CFG Scale", "3, 5, 7, 9")),
    "1,000": lambda: plan_of("1-20", y=("CFG Scale", "1-50"), highest=20),
}

DRAWN = """(() => {
    const pictures = [...document.querySelectorAll("#stage .frame canvas")];
    return pictures.length > 0 && pictures.every(picture => picture.dataset.drawn);
})()"""
AFTER_PAINT = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@dataclass
class Load:
    """One opening of the page: milliseconds, picture requests, cells on the screen, megabytes."""

    first_paint: float
    drawn: float
    pictures: int
    cells: int
    memory: tuple[float, float]


@dataclass
class Scrolled:
    """Scrolling through everything: megabytes at the end and at most."""

    steps: int = 0
    end: tuple[float, float] = (0.0, 0.0)
    most: list[float] = field(default_factory=lambda: [0.0, 0.0])


class Chromium:
    """A Chromium without a window, spoken to over its debugging protocol.

    Not through playwright: it watches the network, for which the renderer keeps every picture it was sent, and the
    memory measured would be the measurement's own.
    """

    def __enter__(self) -> Chromium:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-port=0"]
        size = f"--window-size={SCREEN['width']},{SCREEN['height']}"
        command = [find_chromium(), *flags, size, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = Path(self._profile.name) / "DevToolsActivePort"
        end = time.monotonic() + 30
        while not (port_file.exists() and port_file.read_text().strip()):
            if time.monotonic() > end:
                raise TimeoutError("Chromium did not start")
            time.sleep(0.05)
        port, path = port_file.read_text().split()
        self._socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None)
        self._number, self.pictures = 0, 0
        target = next(one for one in self.send("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attach = {"targetId": target["targetId"], "flatten": True}
        self._session = self.send("Target.attachToTarget", **attach)["sessionId"]
        metrics = {**SCREEN, "deviceScaleFactor": 1, "mobile": False}
        self.page("Emulation.setDeviceMetricsOverride", **metrics)
        return self

    def __exit__(self, *_: object) -> None:
        self.send("Browser.close")
        self._socket.close()
        self._process.wait(20)
        self._profile.cleanup()

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict:
        """A command to the browser, or to a session with a page; its result. Counts requests for pictures meanwhile."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps({**message, "sessionId": session} if session else message))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            self._note(answer)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _note(self, event: dict) -> None:
        if event.get("method") != "Network.requestWillBeSent":
            return
        about = event["params"]
        self.pictures += about.get("type") == "Image" and about["request"]["url"].startswith("file:")

    def page(self, method: str, **parameters: Any) -> dict:
        """A command to the page."""
        return self.send(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """The value of a script in the page; of a promise, what it resolves to."""
        answer = self.page("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Waits until a script gives true."""
        end = time.monotonic() + 60
        while not self.run(script):
            if time.monotonic() > end:
                raise TimeoutError(script)
            time.sleep(0.01)

    def memory(self) -> tuple[float, float]:
        """PSS and RSS in megabytes of the largest renderer process."""
        sizes = []
        for process in self.send("SystemInfo.getProcessInfo")["processInfo"]:
            if process["type"] == "renderer":
                lines = Path(f"/proc/{process['id']}/smaps_rollup").read_text(encoding="utf-8").splitlines()
                kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if line.endswith("kB")}
                sizes.append((kilobytes["Pss"] / 1000, kilobytes["Rss"] / 1000))
        return max(sizes)


def load(index: Path) -> Load:
    """Opens the page once, in a browser of its own, or it would find pictures decoded."""
    with Chromium() as chromium:
        chromium.page("Network.enable")
        chromium.page("Page.navigate", url=index.as_uri())
        chromium.wait_for(DRAWN)
        drawn = chromium.run(AFTER_PAINT)
        time.sleep(0.7)
        cells = chromium.run("document.querySelectorAll('#stage [role=gridcell]').length")
        return Load(chromium.run(FIRST_PAINT), drawn, chromium.pictures, cells, chromium.memory())


def scroll_through(index: Path, address: str) -> Scrolled:
    """Every cell, a screen at a time, each until its pictures are there."""
    with Chromium() as chromium:
        chromium.page("Page.navigate", url=index.as_uri() + address)
        chromium.wait_for(DRAWN)
        result = Scrolled()
        stage = "document.querySelector('#stage')"
        high, tall, across, wide = chromium.run(
            f"[{stage}.scrollHeight, {stage}.clientHeight, {stage}.scrollWidth, {stage}.clientWidth]"
        )
        for top in range(0, high, tall - 60):
            for left in range(0, across, wide - 120):
                chromium.run(f"{stage}.scrollTo({left}, {top})")
                chromium.run(AFTER_PAINT)
                chromium.wait_for(DRAWN)
                result.steps += 1
                if result.steps % 5 == 0:
                    result.most = [max(pair) for pair in zip(result.most, chromium.memory(), strict=True)]
        time.sleep(1)
        result.end = chromium.memory()
        return result


def sweep_in(folder: Path, name: str) -> Path:
    """The `index.html` of a painted sweep below a folder, which is made where it isn't there yet."""
    place = folder / name.replace(" ", "").replace(",", "")
    found = sorted(place.glob("clip-skip-sweeps/*/index.html"))
    return found[0] if found else painted_sweep(place, SWEEPS[name](), measured=True, batch_size=20) / "index.html"


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        pages = {name: sweep_in(folder, name) for name in SWEEPS}
        print(f"{SCREEN['width']} × {SCREEN['height']}, median of {ROUNDS} (smallest to largest)\n")
        print(
            "| cells | first paint, ms | cells on the screen drawn, ms | picture requests | cells | PSS, MB | RSS, MB |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, index in pages.items():
            print(row(name, [load(index) for _ in range(ROUNDS + 1)][1:]))
        for text, address in {"as it opens": "", "512 px": "#size=512"}.items():
            scrolled = scroll_through(pages["1,000"], address)
            print(f"\n1,000 cells, {text}, scrolled through in {scrolled.steps} steps: ", end="")
            print(f"PSS {scrolled.end[0]:.0f} MB at the end, {scrolled.most[0]:.0f} MB at most; ", end="")
            print(f"RSS {scrolled.end[1]:.0f} and {scrolled.most[1]:.0f} MB.")


def row(name: str, loads: list[Load]) -> str:
    """One line of the table."""

    def spread(values: list[float]) -> str:
        return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"

    columns = [
        spread([one.first_paint for one in loads]),
        spread([one.drawn for one in loads]),
        spread([one.pictures for one in loads]),
        spread([one.cells for one in loads]),
        spread([one.memory[0] for one in loads]),
        spread([one.memory[1] for one in loads]),
    ]
    return f"| {name} | {' | '.join(columns)} |"


if __name__ == "__main__":
    main()
