// The prompt lens in the tab "Clip skip sweeps": what is typed there, asking, and the views of the answer one below the
// other, which follow the slider.
(function () {
    "use strict";

    const TAB = "tab_clip_skip_lab";
    const WAITS_AFTER = 1500; // ms without an answer, then it is looked whether the WebUI generates
    const {Refused} = clipSkipLabBring, {make} = clipSkipLab, lens = clipSkipLabLens;

    let parts = null, views = {}, asked = 0, isTouched = false, isCompared = false, isNegative = false;

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_lens .clip-skip-lab-lens");
    }

    // The clip skip that txt2img would use now.
    function inForce() {
        return clipSkipLab.override("txt2img") ?? (clipSkipLab.headerNumber()?.valueAsNumber || opts.CLIP_stop_at_last_layers);
    }

    // --- What is typed ----------------------------------------------------------------------------------------

    function area(text) {
        const field = make("textarea", {rows: 2, dir: "auto"});
        return {field, label: make("label", {}, text, field)};
    }

    function button(text, onclick, primary = false) {
        return make("button", {type: "button", textContent: text, onclick, className: primary ? "clip-skip-lab-primary" : ""});
    }

    function slider() {
        const range = make("input", {type: "range", min: 1, max: lens.HIGHEST, step: 1});
        const number = make("input", {type: "number", min: 1, max: lens.HIGHEST, step: 1});
        number.setAttribute("aria-label", clipSkipLab.say("Clip skip"));
        for (const input of [range, number]) {
            input.addEventListener("input", () => {
                isTouched = true;
                if (input.value && input.checkValidity()) lens.move(input.valueAsNumber);
            });
        }
        number.addEventListener("change", () => {
            lens.move(number.valueAsNumber);
            number.value = lens.clipSkip;
        });
        const element = make("div", {className: "clip-skip-lab-lens-slider"}, make("label", {}, clipSkipLab.say("Clip skip"), range), number);
        return {element, show(value, highest) {
            for (const input of [range, number]) {
                input.max = highest;
                if (input !== document.activeElement || input === range) input.value = value;
            }
        }};
    }

    function line(role) {
        const made = make("p", {className: role === "alert" ? "clip-skip-lab-warning" : ""});
        made.setAttribute("role", role);
        return made;
    }

    function build() {
        const prompt = area(clipSkipLab.say("Prompt")), negative = area(clipSkipLab.say("Negative prompt"));
        const look = button(clipSkipLab.say("Show"), () => ask(), true), take = button(clipSkipLab.say("From txt2img"), takeOver);
        look.title = "Ctrl+Enter";
        const tools = make("div", {className: "clip-skip-lab-tools"}, look, take);
        parts = {prompt: prompt.field, negative: negative.field, look, slider: slider(), status: line("status"), alert: line("alert"),
            results: make("div", {hidden: true})};
        const about = make("p", {textContent: clipSkipLab.say("What your prompt becomes in each layer of the text encoder, where clip skip stops, and how much that changes each word.")});
        const summary = make("summary", {}, make("h3", {textContent: clipSkipLab.say("Prompt lens")}));
        const folding = make("details", {open: true}, summary, about,
            make("div", {className: "clip-skip-lab-prompts"}, prompt.label, negative.label), tools, parts.status, parts.alert,
            parts.slider.element, parts.results);
        home().replaceChildren(folding);
        home().addEventListener("keydown", (event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
            // The host's keys look for this tab's Generate and Interrupt, which it has not, and would stumble.
            if (event.key === "Escape" || event.key === "Enter") event.stopPropagation();
        });
        lens.built({tools, results: parts.results});
    }

    function takeOver() {
        const typed = (name) => gradioApp().querySelector(`#txt2img_${name} textarea`)?.value ?? "";
        parts.prompt.value = typed("prompt");
        parts.negative.value = typed("neg_prompt");
        parts.look.focus();
    }

    // --- Asking -----------------------------------------------------------------------------------------------

    async function isGenerating() {
        if (gradioApp().querySelector(".progressDiv")) return true;
        try {
            return (await clipSkipLab.request("/running")).sweeps.length > 0;
        } catch {
            return false; // signed out, say: the question itself will tell
        }
    }

    // Resolves to the answer, or to null where something was asked later or it was refused, which is said then.
    async function answered(request) {
        const number = ++asked;
        parts.alert.textContent = "";
        parts.status.textContent = clipSkipLab.say("Working…");
        parts.results.setAttribute("aria-busy", "true");
        const waiting = setTimeout(async () => {
            const generates = await isGenerating();
            if (number === asked && parts.results.hasAttribute("aria-busy") && generates) {
                parts.status.textContent = clipSkipLab.say("Waiting for the WebUI to finish generating.");
            }
        }, WAITS_AFTER);
        let found = null, said = "", problem = "";
        try {
            found = await lens.ask(request);
            said = clipSkipLab.say("{name}, done in {seconds} s.",
                {name: found.model.name, seconds: lens.colours.number(found.seconds, found.seconds < 10 ? 2 : 0)});
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            problem = error.message;
        } finally {
            clearTimeout(waiting);
        }
        if (number !== asked) return null;
        parts.results.removeAttribute("aria-busy");
        parts.status.textContent = said;
        parts.alert.textContent = problem;
        return found;
    }

    async function ask() {
        if (!parts.prompt.value.trim()) {
            parts.alert.textContent = clipSkipLab.say("Enter a prompt first.");
            return;
        }
        const negative = parts.negative.value.trim();
        const found = await answered({
            prompt: parts.prompt.value, ...(negative ? {negative_prompt: parts.negative.value} : {}), clip_skip: lens.clipSkip,
            ...(isCompared ? {other_clip_skip: lens.other} : {}),
        });
        if (found) lens.show(found);
    }

    // Everything else stays as it is drawn, unless another model has answered.
    async function askForMixing() {
        const {answer} = lens, found = await answered({...answer.asked, clip_skip: lens.clipSkip, mixing: true});
        if (!found) return;
        if (found.model.name !== answer.model.name || lens.answer !== answer) {
            lens.show(found);
            return;
        }
        answer.encoders.forEach((encoder, at) => encoder.mixing = found.encoders[at].mixing);
        answer.negative?.encoders.forEach((encoder, at) => encoder.mixing = found.negative.encoders[at].mixing);
        drawMixing();
    }

    // --- Showing ----------------------------------------------------------------------------------------------

    function section(title, ...children) {
        const content = make("div"), element = make("section", {}, make("h4", {textContent: title}), ...children, content);
        return {content, element};
    }

    function add(view, title, choices = {}, ...children) {
        const {content, element} = section(title, ...children);
        parts.results.append(element);
        views[view] = lens.views[view](shownAnswer(), lens.clipSkip, content, choices);
        return content;
    }

    function drawMixing() {
        views.mixing = lens.views.mixing(shownAnswer(), lens.clipSkip, parts.mixing, {onAsk: askForMixing});
    }

    function shownAnswer() {
        return isNegative ? lens.negativeOf(lens.answer) : lens.answer;
    }

    function whichPrompt() {
        if (!lens.answer.negative) return [];
        const options = [["", clipSkipLab.say("Prompt")], ["negative", clipSkipLab.say("Negative prompt")]];
        return [lens.radios(clipSkipLab.say("Prompt to show"), options, isNegative ? "negative" : "", (value) => {
            isNegative = Boolean(value);
            show();
        })];
    }

    function figureTools() {
        const print = button(clipSkipLab.say("Print"), () => window.print());
        const save = button(clipSkipLab.say("Save as SVG"), () => lens.paper.save(views.figure.svg, `clip-skip-${lens.clipSkip}.svg`));
        return make("div", {className: "clip-skip-lab-tools"}, print, save);
    }

    function show() {
        if (isNegative && !lens.answer.negative) isNegative = false;
        views = {};
        parts.results.hidden = false;
        const said = lens.answer.sentences.map((text) => make("p", {textContent: text}));
        parts.results.replaceChildren(...said, ...whichPrompt());
        const onClipSkip = (value) => {
            isTouched = true;
            lens.move(value);
        };
        add("figure", clipSkipLab.say("From prompt to UNet"), {onClipSkip}, figureTools());
        add("heatmap", clipSkipLab.say("What each layer does to each token"), {onClipSkip});
        const onOther = (value) => {
            isCompared = true;
            lens.compareWith(value);
        };
        add("compared", clipSkipLab.say("How far apart two values are"), {other: lens.other, onOther});
        add("likeness", clipSkipLab.say("How alike the tokens are"));
        parts.mixing = add("mixing", clipSkipLab.say("Which words mix"), {onAsk: askForMixing});
    }

    lens.onAnswer(show);
    lens.onValue((clipSkip, other) => {
        parts?.slider.show(clipSkip, lens.answer?.highest ?? lens.HIGHEST);
        for (const view of Object.values(views)) view.move(clipSkip, other);
    });

    // --- When -------------------------------------------------------------------------------------------------

    function isShown() {
        return get_uiCurrentTabContent()?.id === TAB;
    }

    async function opened() {
        if (!isShown() || !home()) return;
        await clipSkipLab.words;
        if (!parts || !home().contains(parts.prompt)) build();
        if (!isTouched && !lens.answer) lens.move(inForce());
        parts.slider.show(lens.clipSkip, lens.answer?.highest ?? lens.HIGHEST);
    }

    onUiTabChange(opened);
    window.addEventListener("beforeprint", () => isShown() && views.figure && lens.paper.prepare(views.figure.svg));
    window.addEventListener("afterprint", () => lens.paper.done());
})();
