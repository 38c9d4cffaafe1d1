// The table "What you chose" in the tab "Clip skip sweeps": for a checkpoint or a LoRA, in how many sweeps each value of
// clip skip was chosen, of how many that offered it. It asks GET ./clip-skip-lab/v1/picks when the tab is shown.
(function () {
    "use strict";

    const TAB = "tab_clip_skip_lab";
    const LOOK_AGAIN_AFTER = 1000; // ms, while the WebUI still reads sweeps that were judged
    const {Refused} = clipSkipLabBring, {make} = clipSkipLab;

    let wanted = null; // {checkpoint} or {lora}, null before anything was chosen: then the checkpoint in use
    let parts = null, asked = 0, looking = null;

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_picks .clip-skip-lab-picks");
    }

    function isShown() {
        return get_uiCurrentTabContent()?.id === TAB;
    }

    // --- Asking -----------------------------------------------------------------------------------------------

    function request(query) {
        return clipSkipLab.request(`/picks?${new URLSearchParams(query)}`);
    }

    async function load() {
        const number = ++asked;
        clearTimeout(looking);
        try {
            let answer = await request(wanted ?? {});
            const first = wanted ?? subjectInUse(answer);
            if (!wanted && first) answer = await request(first);
            if (number === asked) show(answer, first);
            if (number === asked && answer.reading) looking = setTimeout(lookAgain, LOOK_AGAIN_AFTER);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            if (number !== asked) return;
            parts.said.textContent = error.message;
            parts.said.classList.add("clip-skip-lab-warning");
        }
    }

    function lookAgain() {
        if (isShown() && !document.hidden) load();
        else looking = setTimeout(lookAgain, LOOK_AGAIN_AFTER);
    }

    // The checkpoint in use, where something was chosen with it; else the first of which that is so.
    function subjectInUse({checkpoints, loras, chosen_checkpoint: inUse}) {
        const same = ({name, hash}) => inUse?.hash && hash ? hash === inUse.hash : name === inUse?.name;
        const found = checkpoints.find(same) ?? checkpoints[0];
        if (found) return ofCheckpoint(found);
        return loras.length ? {lora: loras[0].name} : null;
    }

    function ofCheckpoint({name, hash}) {
        return {checkpoint: hash || name};
    }

    // --- Showing ----------------------------------------------------------------------------------------------

    function build() {
        const select = make("select"), said = make("p"), table = make("div");
        said.setAttribute("role", "status");
        select.addEventListener("change", () => {
            wanted = JSON.parse(select.value);
            load();
        });
        const about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("A sweep counts if it offered " +
            "several values and one of them became a favorite or won a blind comparison. Sweeps that extend one another " +
            "count once. The bar is the 95% interval of the share.")});
        parts = {select, said, table, about, label: make("label", {}, clipSkipLab.say("Checkpoint or LoRA"), select)};
        home().replaceChildren(make("h3", {textContent: clipSkipLab.say("What you chose")}), parts.label, said, table, about);
    }

    function show(answer, subject) {
        showSubjects(answer, subject);
        parts.said.classList.remove("clip-skip-lab-warning");
        const text = answer.values.length ? sentence(answer.values)
            : clipSkipLab.say("Nothing yet. Mark favorites on a sweep's page, or start a blind comparison there.");
        if (parts.said.textContent !== text) parts.said.textContent = text;
        parts.label.hidden = !parts.select.options.length;
        parts.about.hidden = !answer.values.length;
        parts.table.replaceChildren(...(answer.values.length ? [table(answer.values)] : []));
    }

    function showSubjects({checkpoints, loras}, subject) {
        const option = (name, sweeps, value) => new Option(`${name || clipSkipLab.say("(no name)")} (${sweeps})`, JSON.stringify(value));
        const groups = [
            [clipSkipLab.say("Checkpoints"), checkpoints.map((one) => option(one.name, one.sweeps, ofCheckpoint(one)))],
            ["LoRA", loras.map(({name, sweeps}) => option(name, sweeps, {lora: name}))],
        ];
        const made = groups.filter(([, options]) => options.length).map(([label, options]) => make("optgroup", {label}, ...options));
        const now = JSON.stringify(groups.map(([, options]) => options.map(({text, value}) => [text, value])));
        if (parts.select.dataset.said !== now) parts.select.replaceChildren(...made); // or an open list would close
        parts.select.dataset.said = now;
        parts.select.value = JSON.stringify(subject);
    }

    function sentence(values) {
        const share = ({chosen, offered}) => chosen / offered;
        const [best] = values.filter((row) => row.is_telling).sort((one, other) => share(other) - share(one));
        if (!best) return clipSkipLab.say("No value was chosen more often than by chance.");
        const {clip_skip: value, chosen, offered} = best;
        return clipSkipLab.say("You chose clip skip {value} in {chosen} of {offered} sweeps, more often than by chance.",
            {value, chosen, offered});
    }

    function table(values) {
        const heads = [clipSkipLab.say("Clip skip"), clipSkipLab.say("Chosen"), clipSkipLab.say("Share")];
        const head = make("tr", {}, ...heads.map((text) => make("th", {textContent: text, scope: "col"})));
        head.lastChild.colSpan = 2; // a bar, and words
        return make("table", {}, make("thead", {}, head), make("tbody", {}, ...values.map(row)));
    }

    function row({clip_skip: value, chosen, offered, low, high, is_telling: isTelling}) {
        const name = typeof value === "number" ? value.toLocaleString(clipSkipLab.language) : value;
        const percent = (share) => share.toLocaleString(clipSkipLab.language, {style: "percent"});
        const share = clipSkipLab.say("{share} ({low} to {high})",
            {share: percent(chosen / offered), low: percent(low), high: percent(high)});
        const bar = make("div", {className: "clip-skip-lab-share"}, make("div"), make("div"));
        bar.setAttribute("aria-hidden", "true"); // the words beside it say the same
        const [interval, mark] = bar.children;
        interval.style.insetInlineStart = `${100 * low}%`;
        interval.style.inlineSize = `${100 * (high - low)}%`;
        mark.style.insetInlineStart = `${100 * chosen / offered}%`;
        return make("tr", {className: isTelling ? "clip-skip-lab-best" : ""}, make("th", {scope: "row", textContent: name}),
            make("td", {textContent: clipSkipLab.say("{chosen} of {offered}", {chosen, offered})}),
            make("td", {}, bar), make("td", {textContent: share}));
    }

    // --- When -------------------------------------------------------------------------------------------------

    async function opened() {
        if (!isShown() || !home()) return;
        await clipSkipLab.words;
        if (!parts || !home().contains(parts.select)) build();
        await load();
    }

    onUiTabChange(opened);
})();
