"""/sdapi/v1; mirrors modules/api/api.py.

Script arguments start as what `Script.ui` shows first; a selected script's slice is replaced by the request's list
whatever its length, so a shorter list moves all that follows. Differs: no interrogation, training, extras, server
commands; pictures by URL are refused.
"""

import base64
import io
import time
from contextlib import closing
from secrets import compare_digest
from threading import Lock
from typing import Any

import gradio as gr
import piexif
import piexif.helper
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from modules import (
    errors,
    images,
    infotext_utils,
    progress,
    script_callbacks,
    scripts,
    sd_hijack,
    sd_models,
    sd_samplers,
    sd_schedulers,
    sd_vae,
    shared,
    ui,
)
from modules.api import models
from modules.processing import StableDiffusionProcessingImg2Img, StableDiffusionProcessingTxt2Img, process_images
from modules.shared import opts
from PIL import PngImagePlugin


def script_name_to_index(name, scripts):
    try:
        return [script.title().lower() for script in scripts].index(name.lower())
    except Exception as e:
        raise HTTPException(status_code=422, detail=f"Script '{name}' not found") from e


def validate_sampler_name(name):
    if name not in sd_samplers.all_samplers_map:
        raise HTTPException(status_code=400, detail="Sampler not found")
    return name


def decode_base64_to_image(encoding):
    if encoding.startswith(("http://", "https://")):
        raise HTTPException(status_code=500, detail="Requests not allowed")
    if encoding.startswith("data:image/"):
        encoding = encoding.split(";")[1].split(",")[1]
    try:
        return images.read(io.BytesIO(base64.b64decode(encoding)))
    except Exception as e:
        raise HTTPException(status_code=500, detail="Invalid encoded image") from e


def encode_pil_to_base64(image):
    """In the format of the saved pictures, with the same metadata."""
    kind = opts.samples_format.lower()
    with io.BytesIO() as output:
        if kind == "png":
            metadata = PngImagePlugin.PngInfo()
            for key, value in image.info.items():
                if isinstance(key, str) and isinstance(value, str):
                    metadata.add_text(key, value)
            image.save(output, format="PNG", pnginfo=metadata)
        elif kind in ("jpg", "jpeg", "webp"):
            comment = piexif.helper.UserComment.dump(image.info.get("parameters") or "", encoding="unicode")
            exif = piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}})
            shown = image.convert("RGB") if image.mode in ("RGBA", "P") else image
            shown.save(output, format="WEBP" if kind == "webp" else "JPEG", exif=exif, quality=opts.jpeg_quality)
        else:
            raise HTTPException(status_code=500, detail="Invalid image format")
        return base64.b64encode(output.getvalue())


def api_middleware(app: FastAPI):
    """Turns each exception into JSON: `status_code` and `detail` of the exception count."""

    def handle_exception(request, e):
        body = {
            "error": type(e).__name__,
            "detail": vars(e).get("detail", ""),
            "body": vars(e).get("body", ""),
            "errors": str(e),
        }
        if not isinstance(e, HTTPException):
            errors.report(f"API error: {request.method}: {request.url} {body}", exc_info=True)
        return JSONResponse(status_code=vars(e).get("status_code", 500), content=jsonable_encoder(body))

    @app.middleware("http")
    async def exception_handling(request: Request, call_next):
        try:
            return await call_next(request)
        except Exception as e:
            return handle_exception(request, e)

    @app.exception_handler(Exception)
    async def fastapi_exception_handler(request: Request, e: Exception):
        return handle_exception(request, e)

    @app.exception_handler(HTTPException)
    async def http_exception_handler(request: Request, e: HTTPException):
        return handle_exception(request, e)


class Api:
    def __init__(self, app: FastAPI, queue_lock: Lock):
        self.router = APIRouter()
        self.app = app
        self.queue_lock = queue_lock
        if shared.cmd_opts.api_auth:
            pairs = (entry.split(":") for entry in shared.cmd_opts.api_auth.split(","))
            self.credentials = {name: password for name, password in pairs}
        api_middleware(app)
        for path, endpoint, method, answer in (
            ("txt2img", self.text2imgapi, "POST", models.TextToImageResponse),
            ("img2img", self.img2imgapi, "POST", models.ImageToImageResponse),
            ("png-info", self.pnginfoapi, "POST", models.PNGInfoResponse),
            ("progress", self.progressapi, "GET", models.ProgressResponse),
            ("interrupt", self.interruptapi, "POST", None),
            ("skip", self.skip, "POST", None),
            ("options", self.get_config, "GET", models.OptionsModel),
            ("options", self.set_config, "POST", None),
            ("cmd-flags", self.get_cmd_flags, "GET", models.FlagsModel),
            ("samplers", self.get_samplers, "GET", list[models.SamplerItem]),
            ("schedulers", self.get_schedulers, "GET", list[models.SchedulerItem]),
            ("sd-models", self.get_sd_models, "GET", list[models.SDModelItem]),
            ("sd-vae", self.get_sd_vaes, "GET", list[models.SDVaeItem]),
            ("prompt-styles", self.get_prompt_styles, "GET", list[models.PromptStyleItem]),
            ("refresh-embeddings", self.refresh_embeddings, "POST", None),
            ("refresh-checkpoints", self.refresh_checkpoints, "POST", None),
            ("scripts", self.get_scripts_list, "GET", models.ScriptsList),
            ("script-info", self.get_script_info, "GET", list[models.ScriptInfo]),
        ):
            self.add_api_route(f"/sdapi/v1/{path}", endpoint, methods=[method], response_model=answer)

        if not scripts.scripts_txt2img.scripts or not scripts.scripts_img2img.scripts:
            ui.create_ui()  # without the page: scripts get their argument slices from their UI
        self.default_script_arg_txt2img = self.init_default_script_args(scripts.scripts_txt2img)
        self.default_script_arg_img2img = self.init_default_script_args(scripts.scripts_img2img)

    def add_api_route(self, path: str, endpoint, **kwargs):
        if shared.cmd_opts.api_auth:
            kwargs["dependencies"] = [Depends(self.auth)]
        return self.app.add_api_route(path, endpoint, **kwargs)

    def auth(self, credentials: HTTPBasicCredentials = Depends(HTTPBasic())):  # noqa: B008
        wanted = self.credentials.get(credentials.username)
        if wanted is not None and compare_digest(credentials.password, wanted):
            return True
        raise HTTPException(401, "Incorrect username or password", headers={"WWW-Authenticate": "Basic"})

    # Script arguments

    def get_selectable_script(self, script_name, script_runner):
        if not script_name:
            return None, None
        index = script_name_to_index(script_name, script_runner.selectable_scripts)
        return script_runner.selectable_scripts[index], index

    def get_script(self, script_name, script_runner):
        if not script_name:
            return None, None
        return script_runner.scripts[script_name_to_index(script_name, script_runner.scripts)]

    def get_scripts_list(self):
        runners = {"txt2img": scripts.scripts_txt2img, "img2img": scripts.scripts_img2img}
        return {tab: [x.name for x in runner.scripts if x.name is not None] for tab, runner in runners.items()}

    def get_script_info(self):
        both = scripts.scripts_txt2img.scripts + scripts.scripts_img2img.scripts
        return [x.api_info for x in both if x.api_info is not None]

    def init_default_script_args(self, script_runner):
        values = [None] * max([1, *(x.args_to for x in script_runner.scripts)])
        values[0] = 0
        with gr.Blocks():
            for script in script_runner.scripts:
                # `ui` is called twice more per script here, outside of the page.
                if script.ui(script.is_img2img):
                    values[script.args_from : script.args_to] = [x.value for x in script.ui(script.is_img2img)]
        return values

    def init_script_args(
        self, request, default_script_args, selectable_scripts, selectable_idx, script_runner, *, input_script_args=None
    ):
        values = default_script_args.copy()
        for index, value in (input_script_args or {}).items():
            values[index] = value
        if selectable_scripts:
            values[selectable_scripts.args_from : selectable_scripts.args_to] = request.script_args
            values[0] = selectable_idx + 1
        for name, content in (request.alwayson_scripts or {}).items():
            script = self.get_script(name, script_runner)
            if script.alwayson is False:
                raise HTTPException(
                    status_code=422, detail="Cannot have a selectable script in the always on scripts params"
                )
            count = script.args_to - script.args_from
            for i, value in enumerate(content.get("args", [])[:count]):
                values[script.args_from + i] = value
        return values

    def apply_infotext(self, request, tabname, *, script_runner=None, mentioned_script_args=None):
        """Fields that the request leaves open are read from its infotext."""
        if not request.infotext:
            return {}
        fields = infotext_utils.paste_fields[tabname]["fields"]
        given = request.dict(exclude_unset=True)
        params = infotext_utils.parse_generation_parameters(request.infotext)

        def value_of(field):
            value = field.function(params) if field.function else params.get(field.label)
            if isinstance(value, dict) and value.get("__type__") == "generic_update":
                value = value.get("value")
            declared = request.__fields__.get(field.api)
            kind = declared.type_ if declared else type(field.component.value)
            if value is None or kind is type(None):
                return None
            return value if kind is Any or isinstance(value, kind) else kind(value)

        for field in fields:
            if field.api and field.api not in given:
                value = value_of(field)
                if value is not None:
                    setattr(request, field.api, value)

        request.override_settings = request.override_settings or {}
        for _, setting, value in infotext_utils.get_override_settings(params):
            request.override_settings.setdefault(setting, value)

        if script_runner is not None and mentioned_script_args is not None:
            for field in fields:
                if field.component in script_runner.inputs:
                    value = value_of(field)
                    if value is not None:
                        mentioned_script_args[script_runner.inputs.index(field.component)] = value
        return params

    # Generating

    def text2imgapi(self, txt2imgreq: models.StableDiffusionTxt2ImgProcessingAPI):
        return self._generate(txt2imgreq, "txt2img", StableDiffusionProcessingTxt2Img, models.TextToImageResponse)

    def img2imgapi(self, img2imgreq: models.StableDiffusionImg2ImgProcessingAPI):
        if img2imgreq.init_images is None:
            raise HTTPException(status_code=404, detail="Init image not found")
        answer = self._generate(img2imgreq, "img2img", StableDiffusionProcessingImg2Img, models.ImageToImageResponse)
        if not img2imgreq.include_init_images:
            answer.parameters.update(init_images=None, mask=None)
        return answer

    def _generate(self, request, tab, processing_class, answer):
        task_id = request.force_task_id or progress.create_task_id(tab)
        runner = getattr(scripts, f"scripts_{tab}")
        defaults = getattr(self, f"default_script_arg_{tab}")
        from_infotext = {}
        self.apply_infotext(request, tab, script_runner=runner, mentioned_script_args=from_infotext)
        script, script_index = self.get_selectable_script(request.script_name, runner)
        sampler, scheduler = sd_samplers.get_sampler_and_scheduler(
            request.sampler_name or request.sampler_index, request.scheduler
        )
        args = vars(request).copy()
        args.update(
            sampler_name=validate_sampler_name(sampler),
            sampler_index=None,
            do_not_save_samples=not request.save_images,
            do_not_save_grid=not request.save_images,
        )
        if not args["scheduler"] and scheduler != "Automatic":
            args["scheduler"] = scheduler
        # What the request has and a processing object has not.
        for key in (
            "script_name",
            "script_args",
            "alwayson_scripts",
            "infotext",
            "send_images",
            "save_images",
            "include_init_images",
            "force_task_id",
            "sampler_index",
        ):
            args.pop(key, None)
        if args.get("mask"):
            args["mask"] = decode_base64_to_image(args["mask"])
        script_args = self.init_script_args(
            request, defaults, script, script_index, runner, input_script_args=from_infotext
        )

        progress.add_task_to_queue(task_id)
        with self.queue_lock, closing(processing_class(sd_model=shared.sd_model, **args)) as p:
            if tab == "img2img":
                p.init_images = [decode_base64_to_image(x) for x in request.init_images]
            p.is_api = True
            p.scripts = runner
            p.outpath_grids = opts.data.get(f"outdir_{tab}_grids", opts.get_default(f"outdir_{tab}_grids"))
            p.outpath_samples = opts.data.get(f"outdir_{tab}_samples", opts.get_default(f"outdir_{tab}_samples"))
            try:
                shared.state.begin(job=f"scripts_{tab}")
                progress.start_task(task_id)
                if script is not None:
                    p.script_args = script_args
                    processed = runner.run(p, *script_args)
                else:
                    p.script_args = tuple(script_args)
                    processed = process_images(p)
                progress.finish_task(task_id)
            finally:
                shared.state.end()
                shared.total_tqdm.clear()

        pictures = [encode_pil_to_base64(x) for x in processed.images] if request.send_images else []
        return answer(images=pictures, parameters=vars(request), info=processed.js())

    # State

    def pnginfoapi(self, req: models.PNGInfoRequest):
        geninfo, items = images.read_info_from_image(decode_base64_to_image(req.image.strip()))
        params = infotext_utils.parse_generation_parameters(geninfo or "")
        script_callbacks.infotext_pasted_callback(geninfo or "", params)
        return models.PNGInfoResponse(info=geninfo or "", items=items, parameters=params)

    def progressapi(self, req: models.ProgressRequest = Depends()):  # noqa: B008  how FastAPI is told
        state = shared.state
        if state.job_count == 0:
            return models.ProgressResponse(progress=0, eta_relative=0, state=state.dict(), textinfo=state.textinfo)
        done = 0.01  # never 0: the time is divided by it
        if state.job_count > 0:
            done += state.job_no / state.job_count
        if state.sampling_steps > 0:
            done += state.sampling_step / state.sampling_steps / state.job_count
        elapsed = time.time() - state.time_start
        state.set_current_image()
        picture = None
        if state.current_image and not req.skip_current_image:
            picture = encode_pil_to_base64(state.current_image)
        return models.ProgressResponse(
            progress=min(done, 1),
            eta_relative=elapsed / done - elapsed,
            state=state.dict(),
            current_image=picture,
            textinfo=state.textinfo,
        )

    def interruptapi(self):
        shared.state.interrupt()
        return {}

    def skip(self):
        shared.state.skip()

    def get_config(self):
        return dict(opts.data)

    def set_config(self, req: dict[str, Any]):
        name = req.get("sd_model_checkpoint")
        if name is not None and name not in sd_models.checkpoint_aliases:
            raise RuntimeError(f"model {name!r} not found")
        for key, value in req.items():
            opts.set(key, value, is_api=True)
        opts.save(shared.config_filename)

    def get_cmd_flags(self):
        return vars(shared.cmd_opts)

    # Lists

    def get_sd_models(self):
        return [
            {
                "title": x.title,
                "model_name": x.model_name,
                "hash": x.shorthash,
                "sha256": x.sha256,
                "filename": x.filename,
                "config": None,
            }
            for x in sd_models.checkpoints_list.values()
        ]

    def get_samplers(self):
        return [{"name": x[0], "aliases": x[2], "options": x[3]} for x in sd_samplers.all_samplers]

    def get_schedulers(self):
        fields = ("name", "label", "aliases", "default_rho", "need_inner_model")
        return [{field: getattr(x, field) for field in fields} for x in sd_schedulers.schedulers]

    def get_sd_vaes(self):
        return [{"model_name": name, "filename": file} for name, file in sd_vae.vae_dict.items()]

    def get_prompt_styles(self):
        return [{"name": x[0], "prompt": x[1], "negative_prompt": x[2]} for x in shared.prompt_styles.styles.values()]

    def refresh_embeddings(self):
        with self.queue_lock:
            sd_hijack.model_hijack.embedding_db.load_textual_inversion_embeddings(force_reload=True)

    def refresh_checkpoints(self):
        with self.queue_lock:
            shared.refresh_checkpoints()

    def launch(self, server_name, port, root_path):
        self.app.include_router(self.router)
        uvicorn.run(self.app, host=server_name, port=port, root_path=root_path, log_level="warning")
