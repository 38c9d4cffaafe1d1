// From reading to seeing, in the lens: "What does each layer see" runs a small sweep of the prompt over all clip skips and
// puts its pictures over the layers of the heatmap; "Sweep this prompt" fills in the sweep of txt2img.
(function () {
    "use strict";

    const {make} = clipSkipLab, lens = clipSkipLabLens, {find, until, goTo, sayIn, Refused} = clipSkipLabBring;
    const SCRIPT = "Clip skip sweep", NEW = "a new sweep", NONE = "None"; // as the panel says them (sweep/plan_keys.py)
    const LETTERS = 60; // of a prompt that is named
    const LARGE = 258; // px, as in style.css
    const seen = new Map(); // by prompt, negative prompt and model: the record of the sweep that shows it
    let parts = null, running = null; // what is running: its key

    function wantedOf({asked, model, encoders, highest}) {
        const lowest = Math.min(...encoders.filter(({honoured}) => honoured).map(({minimal}) => minimal));
        const values = Array.from({length: Math.max(highest - lowest + 1, 0)}, (_, place) => lowest + place);
        return {prompt: asked.prompt, negative: asked.negative_prompt ?? "", model: model.name, hash: model.hash, values};
    }

    function keyOf({asked, model}) {
        return JSON.stringify([asked.prompt, asked.negative_prompt ?? "", model.name, model.hash]);
    }

    function shortened(prompt) {
        const letters = [...prompt.replace(/\s+/g, " ").trim()];
        return letters.length > LETTERS ? `${letters.slice(0, LETTERS).join("")}…` : letters.join("");
    }

    // --- What each layer sees -----------------------------------------------------------------------------------

    async function look() {
        const {answer} = lens;
        if (!answer.encoders.some(({honoured}) => honoured)) {
            throw new Refused(clipSkipLab.say("All text encoders of this model ignore clip skip, so all images would be the same."));
        }
        const key = keyOf(answer), wanted = wantedOf(answer), {model} = await clipSkipLab.request("/model");
        if (model && model.name !== wanted.model) {
            throw new Refused(clipSkipLab.say("The loaded model is {now}, but the lens shows {then}. Press Show again first.", {now: model.name, then: wanted.model}));
        }
        running = key;
        switchButtons();
        say(clipSkipLab.say("Starting…"));
        try {
            const record = await clipSkipLabLensRun.run(wanted, (now) => tell(key, wanted, now));
            sayEnd(record);
        } finally {
            running = null;
            switchButtons();
        }
    }

    function tell(key, {prompt}, record) {
        parts.interrupt.disabled = record?.state !== "running";
        if (!record) return say(clipSkipLab.say("Waiting for its turn in txt2img…"));
        seen.set(key, record);
        showPictures();
        const counts = {done: doneOf(record), count: record.cells.length, prompt: shortened(prompt)};
        return say(clipSkipLab.say("{done} of {count} images of “{prompt}”", counts));
    }

    function doneOf({cells}) {
        return cells.filter(({state}) => state === "done").length;
    }

    function sayEnd(record) {
        const counts = {done: doneOf(record), count: record.cells.length};
        const reason = record.cells.find(({state}) => state === "failed")?.reason ?? record.problems[0];
        const link = make("a", {href: pageOf(record), target: "_blank", rel: "noopener", textContent: clipSkipLab.say("Open its page")});
        if (counts.done === counts.count) return say(clipSkipLab.say("{count} images are shown above the layers.", counts), false, " ", link);
        if (record.state === "interrupted") return say(clipSkipLab.say("Interrupted: {done} of {count} images.", counts), true, " ", link);
        return say(clipSkipLab.say("{done} of {count} images. {reason}", {...counts, reason: reason ?? ""}), true, " ", link);
    }

    // `page` is of a record whose page isn't a WebUI's: docs/try/.
    function pageOf({id, page = `./clip-skip-lab/v1/sweeps/${encodeURIComponent(id)}/page/`}, cell = null) {
        return cell === null ? page : `${page}#cell=${cell}-0`;
    }

    // --- The pictures over the layers ---------------------------------------------------------------------------

    const strips = new Set();

    // What stands over a heatmap of this answer: {element, lay}, where `lay({encoder, side, width, left})` puts the pictures
    // over the columns of its layers, `side` px from the left, `width` px each, scrolled by `left`.
    lens.over.push((answer) => {
        const element = make("div", {className: "clip-skip-lab-pictures", hidden: true}), strip = {answer, element, layout: null};
        for (const one of strips) if (one.layout && !one.element.isConnected) strips.delete(one);
        strips.add(strip);
        return {element, lay(layout) {
            const isOther = strip.layout?.encoder !== layout.encoder;
            strip.layout = layout;
            if (isOther) fillStrip(strip);
            place(strip);
        }};
    });

    function showPictures() {
        for (const strip of strips) {
            if (!strip.layout) continue;
            fillStrip(strip);
            place(strip);
        }
    }

    // By layer, the cell whose picture shows it.
    function cellsOf({cells}, encoder) {
        const found = new Map();
        for (const cell of cells) {
            const layer = lens.numbers.layerOf(encoder, cell.values["Clip skip"]);
            if (found.get(layer)?.state !== "done") found.set(layer, cell);
        }
        return found;
    }

    function fillStrip({answer, element, layout: {encoder}}) {
        const record = seen.get(keyOf(answer));
        element.hidden = !record || !encoder.honoured;
        if (element.hidden) return;
        const kept = new Map([...element.children].map((node) => [node.dataset.said, node])); // a picture is loaded once
        element.replaceChildren(...[...cellsOf(record, encoder)].map(([layer, cell]) => {
            const said = JSON.stringify([record.id, layer, cell.index, cell.state]);
            return kept.get(said) ?? picture(answer, record, layer, cell, said);
        }));
    }

    function picture({asked}, record, layer, cell, said) {
        const value = cell.values["Clip skip"], file = cell.pictures[0]?.small ?? cell.pictures[0]?.file;
        const says = {layer, value, prompt: shortened(asked.prompt)};
        if (cell.state !== "done" || !file) {
            const why = cell.state === "failed" ? cell.reason : clipSkipLab.say("not yet generated");
            const empty = make("span", {title: clipSkipLab.say("Layer {layer}, clip skip {value}: {why}", {...says, why})});
            Object.assign(empty.dataset, {layer, said});
            return empty;
        }
        const src = new URL(file.split("/").map(encodeURIComponent).join("/"), new URL(pageOf(record), document.baseURI)).href;
        const alt = clipSkipLab.say("What layer {layer} sees, clip skip {value}: “{prompt}”", says);
        const large = make("img", {src, alt: "", className: "clip-skip-lab-large"});
        const link = make("a", {href: pageOf(record, cell.index), target: "_blank", rel: "noopener", title: alt}, make("img", {src, alt}), large);
        Object.assign(link.dataset, {layer, said});
        return link;
    }

    function place({element, layout: {side, width, left}}) {
        const last = Math.max(element.clientWidth - LARGE, 0);
        element.style.setProperty("--size", `${width - 1}px`);
        for (const node of element.children) {
            const from = side + Number(node.dataset.layer) * width - left;
            node.style.left = `${from}px`;
            node.style.setProperty("--large-from", `${Math.min(Math.max(from + (width - LARGE) / 2, 0), last) - from}px`);
            node.style.visibility = from < side - width / 2 || from + width > element.clientWidth + width / 2 ? "hidden" : "";
        }
    }

    // --- The sweep of txt2img -----------------------------------------------------------------------------------

    const panel = (name, tag) => `#txt2img_script_container [id$=clip_skip_lab_${name}] :is(${tag})`;
    // What is filled in, in the order of the hidden button's outputs (ui/script.py).
    const FILLED = {
        prompt: () => find("#txt2img_prompt textarea").value,
        negative: () => find("#txt2img_neg_prompt textarea").value,
        script: () => find("#txt2img_script_container #script_list input").value,
        values: () => find(panel("values", "input, textarea")).value,
        draft: () => find(panel("draft", "input")).checked,
        resume: () => find(panel("resume", "input")).value,
        extend: () => find(panel("extend", "input")).value,
    };

    async function fill(wanted) {
        const before = Object.fromEntries(Object.entries(FILLED).map(([name, shown]) => [name, shown()]));
        window.clipSkipLabLensFill = Object.keys(FILLED).map((name) => wanted[name]);
        find("#clip_skip_lab_lens_fill").click();
        const checked = ["prompt", "negative", "script", "values"];
        await until(() => checked.every((name) => FILLED[name]() === wanted[name]), clipSkipLab.say("txt2img could not be filled in."));
        return before;
    }

    async function sweep() {
        const {asked} = lens.answer, values = parts.values.value.trim();
        if (!values) throw new Refused(clipSkipLab.say("There are no values to sweep."));
        goTo("txt2img");
        const wanted = {prompt: asked.prompt, negative: asked.negative_prompt ?? "", script: SCRIPT, values, draft: false, resume: NEW, extend: NONE};
        const before = await fill(wanted);
        find("#txt2img_script_container").scrollIntoView({block: "nearest"});
        find("#txt2img_generate").focus({preventScroll: true});
        if (JSON.stringify(before) === JSON.stringify(wanted)) return;
        const back = make("button", {type: "button", className: "clip-skip-lab-button", textContent: clipSkipLab.say("Restore what was here")});
        back.addEventListener("click", () => attempt(async () => {
            await fill(before);
            sayIn("txt2img", "");
        }));
        sayIn("txt2img", clipSkipLab.say("The lens filled in its prompt and values; Generate starts the sweep."), " ", back);
    }

    // --- The part of the page -----------------------------------------------------------------------------------

    function say(text, warns = false, ...more) {
        parts.said.replaceChildren(text, ...more);
        parts.said.classList.toggle("clip-skip-lab-warning", warns);
    }

    // Does it, and says why where it could not be done.
    async function attempt(action) {
        try {
            say("");
            await action();
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            say(error.message, true);
        }
    }

    function switchButtons() {
        parts.look.disabled = !lens.answer || running !== null;
        parts.sweep.disabled = !lens.answer;
        parts.interrupt.hidden = running === null;
        parts.interrupt.disabled = true;
    }

    function button(text, title, pressed) {
        return make("button", {type: "button", textContent: text, title, onclick: () => attempt(pressed)});
    }

    lens.onBuilt(({tools}) => {
        const said = make("p", {className: "clip-skip-lab-said"});
        said.setAttribute("role", "status");
        parts = {
            said,
            look: button(clipSkipLab.say("What each layer sees"), clipSkipLab.say("Runs a draft of a sweep over all clip skips in txt2img, with its sampler, steps, seed and size, but without styles and Hires. fix. The fields of txt2img stay unchanged; its gallery shows the images too."), look),
            sweep: button(clipSkipLab.say("Sweep this prompt"), clipSkipLab.say("Fills in the script “Clip skip sweep” in txt2img and goes there. Nothing starts until you press Generate, and what was there before can be restored."), sweep),
            interrupt: make("button", {type: "button", textContent: clipSkipLab.say("Interrupt"), onclick: clipSkipLabLensRun.interrupt}),
            values: make("input", {type: "text", value: find(panel("values", "input, textarea"))?.value ?? "", autocomplete: "off"}),
        };
        const label = make("label", {}, clipSkipLab.say("Clip skip values"), parts.values);
        switchButtons();
        const row = make("div", {className: "clip-skip-lab-lens-sweep"}, parts.look, parts.interrupt, label, parts.sweep);
        tools.after(row, said);
    });
    lens.onAnswer(() => parts && switchButtons());
})();
