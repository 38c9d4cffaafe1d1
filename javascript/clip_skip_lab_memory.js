// The tab "Clip skip sweeps": the table of remembered checkpoints. And where clip skip stands on the Settings page and
// not in the header, its control there follows the setting, or "Apply settings" would bring an old value back.
(function () {
    "use strict";

    const OPTION_KEY = "CLIP_stop_at_last_layers";
    const ROUTE = "./clip-skip-lab/v1/memory";
    const TAB = "tab_clip_skip_lab";
    const {make} = clipSkipLab;

    // --- The table --------------------------------------------------------------------------------------------

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_memory .clip-skip-lab-memory");
    }

    // Asks, shows the table of the answer, and says `done` or what went wrong. Resolves to whether it went well.
    async function ask(method = "GET", query = "", body = undefined, done = "") {
        await clipSkipLab.words;
        let answer = null, problem = "";
        try {
            const headers = {"Content-Type": "application/json"};
            const response = await fetch(ROUTE + query, {method, headers, body: body && JSON.stringify(body)});
            answer = await response.json();
            if (!response.ok) problem = answer.detail;
        } catch {
            problem = clipSkipLab.say("The WebUI does not answer.");
        }
        if (!problem) show(answer);
        const damage = !answer?.set_aside ? ""
            : clipSkipLab.say("The file of the list was damaged. It was kept as {file}, and a new, empty list was started.",
                {file: answer.set_aside});
        say(problem || done || damage, Boolean(problem || (!done && damage)));
        return !problem;
    }

    function parts() {
        const place = home();
        if (!place.querySelector("[role=status]")) {
            const status = make("p", {className: "clip-skip-lab-said"});
            status.setAttribute("role", "status");
            place.replaceChildren(make("div"), status);
        }
        return {content: place.firstElementChild, status: place.querySelector("[role=status]")};
    }

    function say(text, warns) {
        const {status} = parts();
        status.textContent = text;
        status.classList.toggle("clip-skip-lab-warning", warns);
    }

    function show({enabled, checkpoints}) {
        const about = enabled
            ? clipSkipLab.say("A checkpoint gets its value when you choose it. Clip skip in the header changes the value of the " +
                "one that is chosen.")
            : clipSkipLab.say("Values are not remembered or restored now. To turn this on: Settings → Clip Skip Lab → " +
                "“Remember clip skip for each checkpoint”.");
        const title = clipSkipLab.say("Clip skip of each checkpoint");
        const shown = [make("h3", {textContent: title}), make("p", {textContent: about})];
        if (checkpoints.length) {
            shown.push(table(checkpoints), button(clipSkipLab.say("Forget all"), "", () => forgetAll(checkpoints.length)));
        } else {
            shown.push(make("p", {textContent: clipSkipLab.say("No checkpoint is remembered yet.")}));
        }
        parts().content.replaceChildren(...shown);
    }

    function table(checkpoints) {
        const heads = [clipSkipLab.say("Checkpoint"), clipSkipLab.say("Clip skip"), clipSkipLab.say("Actions")];
        const head = make("tr", {}, ...heads.map((text) => make("th", {textContent: text, scope: "col"})));
        return make("table", {}, make("thead", {}, head), make("tbody", {}, ...checkpoints.map(row)));
    }

    function row({key, name, sha256, clip_skip: value, chosen, found}) {
        const input = make("input", {type: "number", min: 1, max: 99, step: 1, value});
        input.setAttribute("aria-label", clipSkipLab.say("Clip skip of {name}", {name}));
        input.addEventListener("change", async () => {
            const given = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null;
            const done = clipSkipLab.say("{name} gets {value} the next time you choose it.", {name, value: given});
            if (await ask("PUT", "", {key, clip_skip: given}, done)) focusOn(key, "input");
            else input.value = value;
        });
        const label = make("th", {scope: "row", title: sha256 ?? ""}, name);
        const remarks = [chosen && clipSkipLab.say("chosen now"), !found && clipSkipLab.say("file not found")].filter(Boolean).join(", ");
        if (remarks) label.append(make("small", {textContent: ` (${remarks})`}));
        const forgetIt = button(clipSkipLab.say("Forget"), clipSkipLab.say("Forget {name}", {name}), () => forget(key, name));
        const made = make("tr", {}, label, make("td", {}, input), make("td", {}, forgetIt));
        made.dataset.key = key;
        return made;
    }

    function button(text, label, action) {
        const made = make("button", {type: "button", textContent: text});
        if (label) made.setAttribute("aria-label", label);
        made.addEventListener("click", action);
        return made;
    }

    async function forget(key, name) {
        const keys = rows().map((line) => line.dataset.key);
        const next = keys[keys.indexOf(key) + 1] ?? keys[keys.indexOf(key) - 1];
        const done = clipSkipLab.say("{name} is forgotten.", {name});
        if (await ask("DELETE", `?${new URLSearchParams({key})}`, undefined, done)) focusOn(next, "button");
    }

    async function forgetAll(count) {
        if (!confirm(clipSkipLab.say("Forget the clip skip of every checkpoint ({count})?", {count}))) return;
        await ask("DELETE", "?everything=true", undefined, clipSkipLab.say("All are forgotten."));
    }

    function rows() {
        return [...home().querySelectorAll("tr[data-key]")];
    }

    // The table is made anew, and the keyboard's place in it would be lost.
    function focusOn(key, tag) {
        rows().find((line) => line.dataset.key === key)?.querySelector(tag).focus();
    }

    function opened() {
        if (home() && get_uiCurrentTabContent()?.id === TAB) ask();
    }

    // --- The control on the Settings page ---------------------------------------------------------------------

    let lastValue = null;

    function followOnSettings() {
        const value = opts[OPTION_KEY];
        const number = gradioApp().querySelector(`#settings #setting_${OPTION_KEY} input[type=number]`);
        // Only what the host has changed since, lest it takes away what the user is typing.
        if (number && lastValue !== null && value !== lastValue && number.valueAsNumber !== value) {
            number.value = value;
            updateInput(number);
        }
        lastValue = value;
    }

    onUiTabChange(opened);
    onOptionsChanged(followOnSettings);
})();
