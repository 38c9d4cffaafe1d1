// What the lens's scripts ask of a WebUI, answered from what was recorded (answers.js: `clipSkipLabRecorded`). It stands
// before those scripts, which are the WebUI's own.
(() => {
    "use strict";

    const {language} = clipSkipLabTry, {shown, words} = clipSkipLabRecorded;
    const started = [];
    let current = shown[0];

    Object.assign(window, {
        opts: {CLIP_stop_at_last_layers: 1},
        gradioApp: () => document,
        get_uiCurrentTabContent: () => document.getElementById("tab_clip_skip_lab"),
        onUiLoaded: (call) => started.push(call),
        onUiTabChange: (call) => started.push(call),
    });

    const ROUTES = {
        "/words": () => ({language, words: words[language] ?? {}}),
        "/running": () => ({sweeps: []}),
        "/model": () => ({model: current.answer.model}),
        "/lens": () => current.answer,
    };

    window.fetch = async (address) => {
        const route = /\/clip-skip-lab\/v1(\/\w+)/.exec(address)?.[1];
        return new Response(JSON.stringify(ROUTES[route]()), {headers: {"Content-Type": "application/json"}});
    };

    // In the place of clip_skip_lab_lens_run.js: the sweep was run already.
    window.clipSkipLabLensRun = {
        async run(wanted, told) {
            told(current.record);
            return current.record;
        },
        interrupt() {},
    };

    // As a person would: the prompt is typed, and "Look" is pressed.
    function choose(next) {
        current = next;
        const home = document.querySelector(".clip-skip-lab-lens");
        home.querySelector("textarea").value = next.prompt;
        home.querySelector(".clip-skip-lab-primary").click();
    }

    document.addEventListener("DOMContentLoaded", async () => {
        for (const call of started) call();
        await clipSkipLab.words;
        const {make} = clipSkipLab, list = document.getElementById("recorded");
        for (const one of shown) {
            const input = make("input", {type: "radio", name: "recorded", checked: one === current, onchange: () => choose(one)});
            list.append(make("label", {}, input, make("b", {textContent: one.title[language]}), ` ${one.prompt} · ${one.answer.model.name}`));
        }
        clipSkipLabLens.onAnswer(() => document.body.classList.toggle("no-images", !current.record));
        clipSkipLabLens.onBuilt(({tools}) => {
            tools.nextElementSibling.querySelector("button").title = ""; // nothing is run here
            choose(current);
        });
    });
})();
