// A line under the header when the checkpoint, or a LoRA in the prompt, was trained at another clip skip than the one
// in use, with a button for the value it was trained at; and when the user chose another value in sweeps with the
// checkpoint, with one that remembers it.
//
// It asks GET ./clip-skip-lab/v1/advice a second after something that matters has changed: the LoRAs named in the
// prompt, the checkpoint, the clip skip. Nothing runs in between. Only the LoRA tags leave the page, not the prompt.
(function () {
    "use strict";

    const OPTION_KEY = "CLIP_stop_at_last_layers", REMEMBER = "clip_skip_lab_remember";
    const ROUTE = "./clip-skip-lab/v1/advice";
    const SET_ROUTE = "./clip-skip-lab/v1/clip-skip";
    const ASK_AFTER = 1000; // ms without another change
    const LONGEST_QUESTION = 8000; // characters: a server may refuse longer addresses

    let line = null, said = null, buttons = null;
    let timer = null, asked = 0, lastQuestion = "", saidOf = "";
    let done = {text: "", of: ""}; // what a button has done, said as long as there is no advice for what it made

    // --- What the page shows ----------------------------------------------------------------------------------

    function tabName() {
        return clipSkipLab.tab() === "img2img" ? "img2img" : "txt2img";
    }

    function tags() {
        const prompt = gradioApp().querySelector(`#${tabName()}_prompt textarea`)?.value ?? "";
        const unique = new Set(prompt.match(/<(lora|lyco):[^>]+>/g)); // with their weights: at 0 a LoRA does nothing
        return [...unique].join("").slice(0, LONGEST_QUESTION);
    }

    // The clip skip that the next picture will have, exactly as it is shown, and where: NaN while there is none, or
    // none that a file could have been trained at.
    function shown() {
        const panel = clipSkipLab.panel(tabName())?.clip_skip, over = clipSkipLab.override(tabName());
        if (panel !== undefined) return {clip_skip: Number(panel), place: "panel"};
        if (over !== null) return {clip_skip: over, place: "override"};
        const number = clipSkipLab.headerNumber();
        return {clip_skip: number ? number.valueAsNumber : opts[OPTION_KEY], place: "header"};
    }

    function question() {
        return {
            wanted: opts.clip_skip_lab_advice !== false,
            prompt: tags(),
            ...shown(),
            checkpoint: opts.sd_model_checkpoint,
            answered: clipSkipLab.answered(),
        };
    }

    // --- Asking and answering ---------------------------------------------------------------------------------

    function askIfChanged() {
        if (!line) return;
        const current = question(), text = JSON.stringify(current);
        if (saidOf !== valueOf(current)) show([], [], null, current); // it speaks of a number that isn't there any more
        if (text === lastQuestion) return;
        clearTimeout(timer);
        timer = setTimeout(ask, ASK_AFTER);
    }

    function valueOf(current) {
        return `${current.place} ${current.clip_skip} ${opts.sd_model_checkpoint}`;
    }

    async function ask() {
        await clipSkipLab.words;
        const current = question(), number = ++asked;
        lastQuestion = JSON.stringify(current);
        line.hidden = !current.wanted;
        if (!current.wanted || !Number.isInteger(current.clip_skip)) return show([], [], null, current);
        const {prompt, clip_skip, place} = current;
        let answer;
        try {
            const response = await fetch(`${ROUTE}?${new URLSearchParams({prompt, clip_skip, place})}`);
            answer = await response.json();
            if (!response.ok) throw new Error(answer.detail);
        } catch (error) {
            console.warn("Clip Skip Lab: no advice:", error.message);
            answer = {advice: [], values: [], chosen: null};
        }
        // Another question has been asked meanwhile, or is about to be.
        if (number !== asked || valueOf(shown()) !== valueOf(current)) return;
        if (place === "header") show(answer.advice, answer.values, answer.chosen, current);
        else show(answer.advice, [], null, current);
    }

    function show(advice, values, chosen, current) {
        const text = advice.map((sentence) => sentence[clipSkipLab.language]) // some languages write no space between them
            .reduce((before, next) => before ? clipSkipLab.say("{before} {next}", {before, next}) : next, "")
            || (done.of === valueOf(current) ? done.text : "");
        if (said.textContent !== text) said.textContent = text; // or a screen reader would say it again
        saidOf = valueOf(current);
        buttons.replaceChildren(...buttonsFor(values, chosen));
    }

    // Where clip skip is remembered, using a value is remembering it. Where not, the button says what it switches on.
    function buttonsFor(values, chosen) {
        const value = chosen?.clip_skip, remembers = chosen && !(chosen.remembering && chosen.remembered === value);
        const used = chosen && !values.includes(value) ? [...values, value] : values;
        const made = used.filter((other) => !(other === value && remembers && chosen.remembering))
            .map((other) => button(clipSkipLab.say("Use {value}", {value: other}), () => use(other)));
        if (remembers) {
            made.push(button(chosen.remembering ? clipSkipLab.say("Remember {value} for this checkpoint", {value})
                : clipSkipLab.say("Remember {value} for this checkpoint (turns remembering on)", {value}),
                () => remember(value, chosen.remembering)));
        }
        return made;
    }

    function button(text, action) {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        made.addEventListener("click", action);
        return made;
    }

    // The value is used and remembered, also where it is in use already and the header has nothing to change.
    async function remember(value, isOn) {
        if (!await set({clip_skip: value, remember: true})) return;
        const text = isOn ? clipSkipLab.say("Clip skip {value} is remembered for this checkpoint.", {value})
            : clipSkipLab.say("Clip skip {value} is remembered for this checkpoint, and from now on each checkpoint's value is. " +
                "To turn this off: Settings → Clip Skip Lab → “Remember clip skip for each checkpoint”.", {value});
        done = {text, of: valueOf({place: "header", clip_skip: value})};
        opts[OPTION_KEY] = value;
        opts[REMEMBER] = true;
        const tick = gradioApp().querySelector(`#settings #setting_${REMEMBER} input[type=checkbox]`);
        if (tick && !tick.checked) tick.click(); // or "Apply settings" would switch it off again
        executeCallbacks(optionsChangedCallbacks);
        if (clipSkipLab.headerNumber()) use(value);
        lastQuestion = ""; // what is remembered is no part of it
        show([], [], null, question());
        askIfChanged();
    }

    async function use(value) {
        const number = clipSkipLab.headerNumber();
        if (number) { // as by hand, so that the host applies and saves it
            number.value = value;
            updateInput(number);
            number.dispatchEvent(new Event("change", {bubbles: true}));
            number.focus(); // the button goes away
            return;
        }
        if (!await set({clip_skip: value})) return;
        opts[OPTION_KEY] = value;
        executeCallbacks(optionsChangedCallbacks);
    }

    // Resolves to whether the WebUI has done it.
    async function set(given) {
        let reason = "";
        try {
            const headers = {"Content-Type": "application/json"};
            const response = await fetch(SET_ROUTE, {method: "PUT", headers, body: JSON.stringify(given)});
            if (!response.ok) reason = (await response.json()).detail;
        } catch {
            reason = clipSkipLab.say("The WebUI does not answer.");
        }
        if (reason) said.textContent = clipSkipLab.say("The value could not be set: {reason}", {reason});
        return !reason;
    }

    // --- Start ------------------------------------------------------------------------------------------------

    function start() {
        const header = gradioApp().getElementById("quicksettings");
        if (line || !header) return;
        line = document.createElement("div");
        line.id = "clip_skip_lab_advice";
        line.className = "clip-skip-lab-advice";
        said = document.createElement("span");
        said.setAttribute("role", "status");
        said.setAttribute("aria-live", "polite");
        buttons = document.createElement("span");
        const inside = document.createElement("div");
        inside.append(said, buttons);
        line.append(inside);
        header.after(line);
        gradioApp().addEventListener("input", askIfChanged);
        clipSkipLab.onHeaderChange(askIfChanged);
        askIfChanged();
    }

    onUiLoaded(() => clipSkipLab.onOptions(start));
    onOptionsChanged(askIfChanged);
    onUiTabChange(askIfChanged);
    onAfterUiUpdate(askIfChanged);
})();
