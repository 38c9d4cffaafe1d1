"""The loop over a job's batches: `modules.processing.process_images_inner`."""

import os

import torch
from modules import devices, extra_networks, images, paths, processing, rng, scripts, sd_models, sd_vae, shared
from modules._infotext import create_infotext
from modules.sd_hijack import model_hijack
from modules.shared import cmd_opts, opts, state
from PIL import Image


def _prepare(p):
    """Everything that holds for the whole job: seeds, prompts, names of the model."""
    assert p.prompt is not None and p.prompt != []
    devices.torch_gc()
    seed, subseed = processing.get_fixed_seed(p.seed), processing.get_fixed_seed(p.subseed)
    if p.tiling is None:
        p.tiling = opts.tiling
    if p.refiner_checkpoint not in (None, "", "None", "none"):
        p.refiner_checkpoint_info = sd_models.get_closet_checkpoint_match(p.refiner_checkpoint)
        if p.refiner_checkpoint_info is None:
            raise Exception(f"Could not find checkpoint with name {p.refiner_checkpoint}")

    p.sd_model_name = shared.sd_model.sd_checkpoint_info.name_for_extra
    p.sd_model_hash = shared.sd_model.sd_model_hash
    p.sd_vae_name = sd_vae.get_loaded_vae_name()
    p.sd_vae_hash = sd_vae.get_loaded_vae_hash()
    _clear_notes(p)
    p.fill_fields_from_opts()
    p.setup_prompts()

    count = len(p.all_prompts)
    # variations share their seed and count up the other one
    p.all_seeds = (
        seed if isinstance(seed, list) else [int(seed) + (i if p.subseed_strength == 0 else 0) for i in range(count)]
    )
    p.all_subseeds = subseed if isinstance(subseed, list) else [int(subseed) + i for i in range(count)]
    if os.path.exists(cmd_opts.embeddings_dir) and not p.do_not_reload_embeddings:
        _look_for_embeddings()
    if p.scripts is not None:
        p.scripts.process(p)


def _clear_notes(p):
    model_hijack.apply_circular(p.tiling)
    model_hijack.clear_comments()


def _look_for_embeddings():
    model_hijack.embedding_db.load_textual_inversion_embeddings()


def _notes(p):
    """What encoding the prompts left for infotexts, and what there is to say to the user."""
    return model_hijack.extra_generation_params, model_hijack.comments


def _load_own_model():
    """The refiner or the second pass may have left another checkpoint."""
    sd_models.reload_model_weights()


def _latent_channels(sd_model):
    return sd_model.latent_channels


def _take_batch(p, n):
    part = slice(n * p.batch_size, (n + 1) * p.batch_size)
    p.prompts, p.negative_prompts = p.all_prompts[part], p.all_negative_prompts[part]
    p.seeds, p.subseeds = p.all_seeds[part], p.all_subseeds[part]


def _sample(p, n):
    """One batch from prompts to decoded tensors with values from 0 to 1."""
    batch = {"batch_number": n, "prompts": p.prompts, "seeds": p.seeds, "subseeds": p.subseeds}
    p.parse_extra_network_prompts()
    if not p.disable_extra_networks:
        extra_networks.activate(p, p.extra_network_data)
    if p.scripts is not None:
        p.scripts.process_batch(p, **{**batch, "prompts": p.prompts})

    p.setup_conds()
    noted, comments = _notes(p)
    p.extra_generation_params.update(noted)
    if n == 0:
        with open(os.path.join(paths.data_path, "params.txt"), "w", encoding="utf8") as file:
            file.write(processing.Processed(p, []).infotext(p, 0))
    for comment in comments:
        p.comment(comment)
    if p.n_iter > 1:
        state.job = f"Batch {n + 1} out of {p.n_iter}"

    with devices.autocast():
        samples = p.sample(
            conditioning=p.c,
            unconditional_conditioning=p.uc,
            seeds=p.seeds,
            subseeds=p.subseeds,
            subseed_strength=p.subseed_strength,
            prompts=p.prompts,
        )
    if p.scripts is not None:
        args = scripts.PostSampleArgs(samples)
        p.scripts.post_sample(p, args)
        samples = args.samples

    if not getattr(samples, "already_decoded", False):
        devices.test_for_nans(samples, "unet")
        samples = processing.decode_latent_batch(p.sd_model, samples, devices.cpu, check_for_nans=True)
    return ((torch.stack(samples).float() + 1) / 2).clamp(0, 1)


class _Output:
    """Pictures and texts of a job as they are finished."""

    def __init__(self, p):
        self.p = p
        self.images = []
        self.infotexts = []

    def text(self, index=0, use_main_prompt=False):
        p = self.p
        return create_infotext(
            p,
            p.prompts,
            p.seeds,
            p.subseeds,
            use_main_prompt=use_main_prompt,
            index=index,
            all_negative_prompts=p.negative_prompts,
        )

    def save(self, image, i):
        p = self.p
        images.save_image(
            image,
            p.outpath_samples,
            "",
            p.seeds[i],
            p.prompts[i],
            opts.samples_format,
            info=self.text(i),
            p=p,
        )

    def add(self, i, tensor, save):
        """One decoded picture: hooks, the original around a mask, files."""
        p = self.p
        p.batch_index = i
        image = processing._image_of(tensor)
        if p.scripts is not None:
            args = scripts.PostprocessImageArgs(image)
            p.scripts.postprocess_image(p, args)
            image = args.image

        mask = getattr(p, "mask_for_overlay", None)
        overlays = p.overlay_images if opts.overlay_inpaint else None
        overlay = overlays[i] if overlays is not None and i < len(overlays) else None
        if p.scripts is not None:
            args = scripts.PostProcessMaskOverlayArgs(i, mask, overlay)
            p.scripts.postprocess_maskoverlay(p, args)
            mask, overlay = args.mask_for_overlay, args.overlay_image

        image, alone = processing.apply_overlay(image, p.paste_to, overlay)
        if p.scripts is not None:
            args = scripts.PostprocessImageArgs(image)
            p.scripts.postprocess_image_after_composite(p, args)
            image = args.image

        if save:
            self.save(image, i)
        text = self.text(i)
        self.infotexts.append(text)
        if opts.enable_pnginfo:
            image.info["parameters"] = text
        self.images.append(image)
        if mask is not None:
            self._add_masks(image, alone, mask)

    def _add_masks(self, image, alone, mask):
        if opts.return_mask:
            self.images.append(mask.convert("RGB"))
        if opts.return_mask_composite:
            fitted = images.resize_image(2, mask, image.width, image.height).convert("L")
            nothing = Image.new("RGBa", image.size)
            self.images.append(Image.composite(alone.convert("RGBA").convert("RGBa"), nothing, fitted).convert("RGBA"))

    def add_grid(self):
        """The grid of all pictures, in front; returns how many pictures that put before the first."""
        p = self.p
        wanted = (opts.return_grid or opts.grid_save) and not p.do_not_save_grid
        if not wanted or (len(self.images) < 2 and opts.grid_only_if_multiple):
            return 0
        grid = images.image_grid(self.images, p.batch_size)
        text = self.text(use_main_prompt=True)
        if opts.return_grid:
            self.infotexts.insert(0, text)
            if opts.enable_pnginfo:
                grid.info["parameters"] = text
            self.images.insert(0, grid)
        if opts.grid_save:
            images.save_image(
                grid,
                p.outpath_grids,
                "grid",
                p.all_seeds[0],
                p.all_prompts[0],
                opts.grid_format,
                info=text,
                short_filename=True,
                p=p,
                grid=True,
            )
        return 1 if opts.return_grid else 0


def run(p):
    """All batches; stops between them on an interrupt, and inside one through the sampler."""
    _prepare(p)
    output = _Output(p)
    with torch.no_grad():
        with devices.autocast():
            p.init(p.all_prompts, p.all_seeds, p.all_subseeds)
        if state.job_count == -1:
            state.job_count = p.n_iter

        for n in range(p.n_iter):
            p.iteration = n
            state.skipped = False
            if state.interrupted or state.stopping_generation:
                break

            _load_own_model()
            _take_batch(p, n)
            p.rng = rng.ImageRNG(
                (_latent_channels(shared.sd_model), p.height // processing.opt_f, p.width // processing.opt_f),
                p.seeds,
                subseeds=p.subseeds,
                subseed_strength=p.subseed_strength,
                seed_resize_from_h=p.seed_resize_from_h,
                seed_resize_from_w=p.seed_resize_from_w,
            )
            if p.scripts is not None:
                p.scripts.before_process_batch(p, batch_number=n, prompts=p.prompts, seeds=p.seeds, subseeds=p.subseeds)
            if len(p.prompts) == 0:
                break

            pictures = _sample(p, n)
            state.nextjob()
            if p.scripts is not None:
                p.scripts.postprocess_batch(p, pictures, batch_number=n)
                _take_prompts_again(p, n)
                args = scripts.PostprocessBatchListArgs(list(pictures))
                p.scripts.postprocess_batch_list(p, args, batch_number=n)
                pictures = args.images

            save = p.save_samples()
            for i, picture in enumerate(pictures):
                output.add(i, picture, save)
            devices.torch_gc()

        if not output.infotexts:
            output.infotexts.append(processing.Processed(p, []).infotext(p, 0))
        index_of_first_image = output.add_grid()

    if not p.disable_extra_networks and p.extra_network_data:
        extra_networks.deactivate(p, p.extra_network_data)
    devices.torch_gc()

    result = processing.Processed(
        p,
        images_list=output.images,
        seed=p.all_seeds[0],
        info=output.infotexts[0],
        subseed=p.all_subseeds[0],
        index_of_first_image=index_of_first_image,
        infotexts=output.infotexts,
    )
    if p.scripts is not None:
        p.scripts.postprocess(p, result)
    return result


def _take_prompts_again(p, n):
    """With the extra networks' names in them again, for file names and infotexts."""
    part = slice(n * p.batch_size, (n + 1) * p.batch_size)
    p.prompts, p.negative_prompts = p.all_prompts[part], p.all_negative_prompts[part]
