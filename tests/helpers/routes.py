"""An application with all routes that the extension adds to a WebUI, and nothing behind them."""

from types import SimpleNamespace

from fastapi import FastAPI

from clip_skip_lab.api.advice import add_advice_routes
from clip_skip_lab.api.elsewhere import add_elsewhere_routes
from clip_skip_lab.api.guard import Guard
from clip_skip_lab.api.lens import add_lens_route
from clip_skip_lab.api.memory import add_memory_routes
from clip_skip_lab.api.model import add_model_routes
from clip_skip_lab.api.picks import add_pick_routes
from clip_skip_lab.api.rank_correlation import add_rank_correlation_route
from clip_skip_lab.api.running import add_running_route
from clip_skip_lab.api.sweeps import add_sweep_routes
from clip_skip_lab.api.trained_with import add_trained_with_route
from clip_skip_lab.api.words import add_words_route
from clip_skip_lab.library.listing import Library


def our_routes() -> set[str]:
    """Each as "METHOD /path"."""
    app, guard = FastAPI(openapi_url=None), Guard()
    add_model_routes(app, None, guard)
    add_words_route(app, None, guard)
    add_advice_routes(app, None, None, guard)
    add_memory_routes(app, SimpleNamespace(entries=None, listing=None, use=None), guard)
    add_sweep_routes(app, Library(None), guard)
    add_pick_routes(app, None, None, guard)
    add_rank_correlation_route(app, None, None, guard)
    add_running_route(app, guard)
    add_elsewhere_routes(app, None, None, guard)
    add_trained_with_route(app, None, guard)
    add_lens_route(app, None, guard)
    return {f"{method} {route.path}" for route in app.routes for method in route.methods}
