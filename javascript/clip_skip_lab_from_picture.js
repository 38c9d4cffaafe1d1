// "Sweep clip skip for this picture": what the picture was made with comes back, and the values that the panel has to begin
// with are run on it.
//
// The host itself reads the picture's infotext, as if it had been pasted into the prompt and ↙️ pressed, so whatever it
// knows to bring back comes back. What is added to the infotext chooses the script and its values.
(function () {
    "use strict";

    const {find, Refused} = clipSkipLabBring;

    // "grid", "chart" or "picture". The host has what is no picture before `index_of_first_image`; a sweep's charts are
    // the last there.
    function kindOf(info, place) {
        const first = info.index_of_first_image ?? 0;
        if (place >= first) return "picture";
        const charts = info.extra_generation_params?.clip_skip_lab?.charts ?? [];
        return place >= first - charts.length ? "chart" : "grid";
    }

    function refusal(kind) {
        return kind === "grid" ? clipSkipLab.say("This is the grid, not one image. Choose one of the images first.")
            : clipSkipLab.say("This is a chart of the sweep, not an image. Choose one of the images first.");
    }

    // The place of the picture that is shown large; else of the first that is one.
    function placeOf(info) {
        const chosen = selected_gallery_index();
        const place = chosen >= 0 && chosen < info.infotexts.length ? chosen : info.index_of_first_image ?? 0;
        const kind = kindOf(info, place);
        if (kind !== "picture") throw new Refused(refusal(kind));
        return place;
    }

    // What the sweep's panel has for "Clip skip values" before somebody types there.
    function usualValues(tab) {
        const isTheirs = ({props}) => new RegExp(`^script_${tab}_.*clip_skip_lab_values$`).test(props?.elem_id);
        return gradio_config.components.find(isTheirs).props.value;
    }

    // Returns the picture's size, as infotexts say it.
    async function intoImg2img(address) {
        switch_to_img2img();
        const {naturalWidth, naturalHeight} = await clipSkipLabBring.picture("#img2img_image", address);
        return {Size: `${naturalWidth}x${naturalHeight}`};
    }

    async function sweep(from, inImg2img, generationInfo) {
        await clipSkipLab.words;
        const info = JSON.parse(generationInfo || "{}");
        const pictures = gradioApp().querySelectorAll(`#${from}_gallery .thumbnail-item img`);
        if (!info.infotexts?.length || !pictures.length) {
            throw new Refused(clipSkipLab.say("Generate an image first, or choose one in the gallery."));
        }
        const place = placeOf(info), infotext = info.infotexts[place] ?? "";
        if (!/^Steps: /m.test(infotext)) {
            throw new Refused(clipSkipLab.say("The image has no readable generation parameters."));
        }
        const size = inImg2img ? await intoImg2img(pictures[place].src) : {};
        const to = inImg2img ? "img2img" : from;
        await clipSkipLabBring.sweep(to, infotext, usualValues(to), size);
        find(`#${to}_generate`).click();
    }

    function say(tab, text) {
        const row = find(`#clip_skip_lab_from_${tab}`);
        let line = row.querySelector("[role=status]");
        if (!line) {
            line = document.createElement("p");
            line.setAttribute("role", "status");
            row.append(line);
        }
        line.textContent = text;
    }

    window.clipSkipLabSweepPicture = function (from, inImg2img, generationInfo) {
        say(from, "");
        sweep(from, inImg2img, generationInfo).catch((error) => {
            if (!(error instanceof Refused)) throw error;
            say(from, error.message);
        });
        return [];
    };

    // --- The host's own "Send to" -----------------------------------------------------------------------------
    //
    // It sends whatever is in the gallery; where nothing is chosen, the first, which after a sweep is the grid. A grid
    // can be enlarged in Extras like any file; as a picture to go on from it is a mistake, and so is a chart anywhere.

    window.clipSkipLabGalleryShows = function (tab, generationInfo) {
        clipSkipLab.inGallery[tab] = JSON.parse(generationInfo || "{}");
        for (const callback of clipSkipLab.galleryCallbacks) callback();
        return [];
    };

    function keepFromSending(event) {
        const [, from, to] = /^(txt2img|img2img)_send_to_(\w+)$/.exec(event.target.closest?.("button")?.id ?? "") ?? [];
        const info = clipSkipLab.inGallery[from];
        if (!info?.extra_generation_params?.clip_skip_lab) return;
        const kind = kindOf(info, Math.max(0, selected_gallery_index()));
        say(from, "");
        if (kind === "picture" || (kind === "grid" && to === "extras")) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        say(from, refusal(kind));
    }

    document.addEventListener("click", keepFromSending, {capture: true});
})();
