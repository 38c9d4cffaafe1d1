"""Starts the embedded host, in this process or in one of its own; mirrors launch.py and webui.py.

`prepare` sets up the data folder, sys.path and sys.argv; after it `import modules.…` works. `serve` runs page and
API until told to stop. `Process` starts `python -m tests.minihost` and waits until it answers.
It is also the top-level module `launch` that extensions import in install.py (`is_installed`, `run_pip`), so
nothing heavy is imported at the top.
"""

import contextlib
import getpass
import importlib.metadata
import importlib.util
import io
import json
import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

log = logging.getLogger("minihost.launch")

HOME = Path(__file__).resolve().parent
REPO = HOME.parents[1]
# Not a folder with a dot in front: gradio serves no file below such a folder, so no picture would be shown.
DEFAULT_DATA = REPO / "minihost-data"
EXTENSION_NAME = "clip-skip-lab"
python = sys.executable


# What install.py of extensions calls


def is_installed(package):
    try:
        importlib.metadata.distribution(package)
        return True
    except importlib.metadata.PackageNotFoundError:
        try:
            return importlib.util.find_spec(package) is not None
        except ModuleNotFoundError:
            return False


def run(command, desc=None, errdesc=None, custom_env=None, live=False):
    log.info("%s", desc or command)
    done = subprocess.run(command, shell=True, env=custom_env, capture_output=not live, text=True)
    if done.returncode:
        raise RuntimeError(f"{errdesc or 'Error running command'}: {command}\n{done.stdout or ''}{done.stderr or ''}")
    return done.stdout or ""


def run_pip(command, desc=None, live=False):
    return run(f'"{python}" -m pip {command}', f"Installing {desc}", f"Couldn't install {desc}", live=live)


def git_tag():
    """The version of the host that this one mirrors: it is written into infotexts."""
    return "v1.10.1"


def list_extensions(settings_file):
    """Names of the extensions that may run preload.py and install.py."""
    try:
        settings = json.loads(Path(settings_file).read_text("utf8"))
    except (FileNotFoundError, ValueError):
        settings = {}
    from modules.paths_internal import extensions_dir

    return [x for x in os.listdir(extensions_dir) if x not in settings.get("disabled_extensions", [])]


def run_extension_installer(extension_dir):
    installer = os.path.join(extension_dir, "install.py")
    if not os.path.isfile(installer):
        return
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])}
    try:
        output = run(
            shlex.join([python, installer]),
            f"Running {installer}",
            f"Error running install.py for extension {extension_dir}",
            custom_env=env,
        )
    except RuntimeError as e:
        log.error("%s", e)
        return
    if output.strip():
        log.info("%s", output.strip())


# Setting up


def _setup_logging(level):
    handler = logging.StreamHandler()  # stderr
    handler.setFormatter(logging.Formatter("*** %(message)s"))
    handler.addFilter(
        lambda record: record.name.split(".")[0] in ("modules", "minihost") or record.levelno >= logging.WARNING
    )
    logging.basicConfig(level=(level or "WARNING").upper(), handlers=[handler])


def _link_extensions(folder, extension_dirs):
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {}
    for path in map(Path, extension_dirs):
        path = path.resolve()
        wanted[EXTENSION_NAME if path == REPO else path.name] = path
    for link in folder.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, path in wanted.items():
        if not (folder / name).exists():
            (folder / name).symlink_to(path, target_is_directory=True)


def _make_models(models):
    """Two checkpoints of random weights and a VAE. Made once per machine, and linked into each data folder."""
    import filelock

    from tests.minihost import checkpoint

    kept = Path(tempfile.gettempdir()) / f"minihost-models-{getpass.getuser()}"
    kept.mkdir(exist_ok=True)
    with filelock.FileLock(kept / "lock"):
        # Those that are there already, from the same recipe, are left as they are.
        files = [
            (checkpoint.write_checkpoint(kept, seed=0, name="tiny-sd1"), "Stable-diffusion"),
            (checkpoint.write_checkpoint(kept, seed=1, name="tiny-sd1_b"), "Stable-diffusion"),
            (checkpoint.write_vae(kept), "VAE"),
        ]
        for path, folder in files:
            target = models / folder / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists() and target.samefile(path):
                continue
            target.unlink(missing_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)  # another disk


def prepare(data_dir, extension_dirs=(), extra_args=(), with_trained_model=False, face="a1111"):
    """After this `modules` can be imported. Once per process: the folders are fixed when `modules` is imported.

    `with_trained_model` adds the trained checkpoints, which a new data folder then starts with; without it there are
    those of random weights only, as most tests want it. `face` is the WebUI of the family that it is to be (faces/).
    """
    if "modules" in sys.modules:
        raise RuntimeError("the host's modules are imported already; a second host needs a second process")
    data = Path(data_dir).absolute()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("MPLBACKEND", "Agg")
    if str(HOME) not in sys.path:
        sys.path.insert(0, str(HOME))
    from tests.minihost import faces

    faces.put_on(face)
    _link_extensions(data / "extensions", extension_dirs)
    sys.argv = ["webui.py", "--data-dir", str(data), *map(str, extra_args)]
    level = extra_args[list(extra_args).index("--loglevel") + 1] if "--loglevel" in extra_args else None
    _setup_logging(level)

    from modules.paths_internal import models_path

    _make_models(Path(models_path))
    if with_trained_model:
        from tests.model import trained

        trained.place(Path(models_path) / "Stable-diffusion")
    for name in list_extensions(data / "config.json"):
        run_extension_installer(str(data / "extensions" / name))
    return data


# Running


def _serve_api_alone(ready):
    from fastapi import FastAPI
    from modules import initialize, initialize_util, script_callbacks
    from modules.api.api import Api
    from modules.call_queue import queue_lock
    from modules.shared_cmd_options import cmd_opts

    initialize.initialize()
    app = FastAPI()
    initialize_util.setup_middleware(app)
    api = Api(app, queue_lock)
    script_callbacks.before_ui_callback()
    script_callbacks.app_started_callback(None, app)
    port = cmd_opts.port or 7861
    ready(f"http://127.0.0.1:{port}")
    api.launch("127.0.0.1", port, "")


def _serve_page(ready):
    """One turn of the loop per Reload UI."""
    from modules import initialize, initialize_util

    initialize.initialize()

    from modules import progress, script_callbacks, shared, timer, ui
    from modules.call_queue import queue_lock

    cmd_opts = shared.cmd_opts
    while True:
        script_callbacks.before_ui_callback()
        shared.demo = ui.create_ui()
        shared.demo.queue(64)
        with contextlib.redirect_stdout(io.StringIO()):  # gradio prints the address too, and before it is ready
            app, url, _ = shared.demo.launch(
                server_port=cmd_opts.port,
                prevent_thread_lock=True,
                auth=list(initialize_util.get_gradio_auth_creds()) or None,
                allowed_paths=cmd_opts.gradio_allowed_path,
                quiet=True,
                show_error=False,
                app_kwargs={"docs_url": "/docs", "redoc_url": "/redoc"},
            )
        url = url.rstrip("/")
        cmd_opts.port = cmd_opts.port or int(url.rsplit(":", 1)[1])
        app.user_middleware = [x for x in app.user_middleware if x.cls.__name__ != "CORSMiddleware"]
        initialize_util.setup_middleware(app)
        progress.setup_progress_api(app)
        ui.setup_ui_api(app)
        if cmd_opts.api:
            # Imported after the page is there: the answers' models list the settings known at that time.
            from modules.api.api import Api

            Api(app, queue_lock)
        script_callbacks.app_started_callback(shared.demo, app)
        timer.startup_record = timer.startup_timer.dump()
        log.info("Startup time: %s.", timer.startup_timer.summary())
        ready(url)

        command = None
        while command not in ("stop", "restart"):
            command = shared.state.wait_for_server_command(timeout=5)
        # The server waits for every connection, and one that a browser opened ahead of need may stay for minutes.
        shared.demo.server.config.timeout_graceful_shutdown = 3
        shared.demo.close()
        if command == "stop":
            return
        time.sleep(0.5)
        timer.startup_timer.reset()
        script_callbacks.script_unloaded_callback()
        initialize.initialize_rest(reload_script_modules=True)


def serve(port=None, ready=lambda url: None):
    """Runs until stopped; `ready(url)` is called after each start, the first and each Reload UI."""
    if port is not None:
        sys.argv += ["--port", str(port)]

    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(2, os.cpu_count() or 1))
    from modules import shared_init
    from modules.shared_cmd_options import cmd_opts

    shared_init.initialize()
    serving = _serve_api_alone if cmd_opts.nowebui else _serve_page
    if importlib.util.find_spec("modules_forge") is None:
        serving(ready)
        return
    from modules_forge import main_thread

    threading.Thread(target=serving, args=(ready,), daemon=True).start()
    main_thread.loop()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A host in a process of its own, as a context manager; `url` and `log_file` while it runs."""

    def __init__(self, data_dir, extension_dirs=(), args=(), port=None, timeout=240):
        self.data_dir = Path(data_dir)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = self.data_dir / "host.log"
        self.timeout = timeout
        extensions = [x for path in extension_dirs for x in ("--extension", str(path))] or ["--no-extension"]
        self.command = [
            python,
            "-m",
            "tests.minihost",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.data_dir),
            *extensions,
            *args,
        ]

    def __enter__(self):
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("w") as output:
            # Threads that wait give their core away: on a busy machine spinning ones make a picture 20 times slower.
            # One does for networks this small: on two cores the demo takes 54 s instead of 85 to 98.
            env = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", **os.environ}
            self.process = subprocess.Popen(self.command, cwd=REPO, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self):
        end = time.monotonic() + self.timeout
        while f"at {self.url}" not in self.log() or not self.listens():  # without a page it says so a moment early
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the host did not start; its output:\n{self.log()}")
            time.sleep(0.1)

    def log(self):
        return self.log_file.read_text("utf8", errors="replace")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def answers(self, path="/internal/ping"):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
