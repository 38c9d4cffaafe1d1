// Clip skip in the header: a note that says what the value does, and a slider whose value is the one in use.
//
// The note asks GET ./clip-skip-lab/v1/model once after a change (of the slider, the checkpoint, the override
// settings, the panel "Finer clip skip", the tab), when a generation begins or ends, and when the window gets the focus
// back. While no model is loaded, or a job is running, it asks again after longer and longer pauses; otherwise nothing
// runs.
(function () {
    "use strict";

    const OPTION_KEY = "CLIP_stop_at_last_layers";
    const ROUTE = "./clip-skip-lab/v1/model";
    const ASK_AFTER = 150; // ms without another change, so that a drag asks once
    const APPLY_AFTER = 250; // ms, so that a held arrow key applies once
    const FIRST_RETRY = 2000, LONGEST_RETRY = 15000; // ms
    const MOST_PUSHES = 5;

    let slider = null; // the host's component in the header
    let note = null;

    function parts() {
        return {
            number: slider.querySelector("input[type=number]"),
            range: slider.querySelector("input[type=range]"),
        };
    }

    function shown() {
        const value = parts().number.valueAsNumber;
        return Number.isFinite(value) ? value : null;
    }

    // --- The note ---------------------------------------------------------------------------------------------

    let askTimer = null, asked = 0, retryPause = FIRST_RETRY, lastQuestion = "";

    // What decides the next picture of this tab: the panel's value before the override settings', and these before the
    // header's.
    function inUse() {
        const tab = clipSkipLab.tab();
        const panel = tab && clipSkipLab.panel(tab), over = tab ? clipSkipLab.override(tab) : null;
        return {tab, panel, over, value: over ?? shown()};
    }

    function askSoon(pause = ASK_AFTER) {
        clearTimeout(askTimer);
        askTimer = setTimeout(ask, pause);
    }

    async function ask() {
        await clipSkipLab.words;
        const {tab, panel, over, value} = inUse(), number = ++asked;
        lastQuestion = question();
        if (value === null && !panel?.clip_skip) { // nothing is typed, so there is nothing to say of it
            say(clipSkipLab.say("Enter a whole number from 1 to {highest}", {highest: parts().number.max}), false);
            return;
        }
        const asking = new URLSearchParams({lang: clipSkipLab.language});
        if (value !== null) asking.set("clip_skip", Math.max(1, Math.round(value)));
        for (const [key, typed] of Object.entries(panel ?? {})) asking.set(`panel_${key}`, typed);
        let answer;
        try {
            const response = await fetch(`${ROUTE}?${asking}`);
            answer = await response.json();
            if (!response.ok) answer = {sentence: answer.detail, warning: true};
        } catch {
            answer = {sentence: clipSkipLab.say("The WebUI does not answer"), warning: true};
        }
        if (number !== asked) return; // another question has been asked meanwhile
        let said = answer.sentence;
        if (over !== null && !panel?.clip_skip) {
            said = clipSkipLab.say("Override in {tab}: clip skip {value}. {sentence}", {tab, value: over, sentence: said});
        }
        if (answer.setting?.sweeping) {
            said = clipSkipLab.say("A sweep is running; this value takes effect when it ends. {sentence}", {sentence: said});
        }
        say(said, answer.warning);
        if (!answer.setting) return;
        if (answer.model === null || answer.setting.temporary || answer.setting.sweeping) {
            if (!document.hidden) askSoon(retryPause);
            retryPause = Math.min(2 * retryPause, LONGEST_RETRY);
        } else {
            retryPause = FIRST_RETRY;
        }
        if (!answer.setting.temporary) showInUse(answer.setting);
    }

    function say(text, warns) {
        note.classList.toggle("clip-skip-lab-warning", Boolean(warns));
        if (note.textContent !== text) note.textContent = text; // or a screen reader would say it again
    }

    function question() {
        const {panel, over} = inUse();
        const generates = gradioApp().querySelector(".progressDiv") !== null;
        const answered = clipSkipLab.answered();
        return JSON.stringify([shown(), panel, over, generates, answered, opts.sd_model_checkpoint, opts.sdxl_clip_l_skip]);
    }

    function askIfChanged() {
        if (note && question() !== lastQuestion) askSoon();
    }

    // --- What the host has, shown in the slider ---------------------------------------------------------------

    let shownFor = "";

    function showInUse(setting) {
        const {number} = parts();
        if (shown() === null) return; // a person is about to type
        const same = setting.value === shown() && setting.highest === Number(number.max);
        const key = JSON.stringify(setting);
        if (same || wanted !== null || key === shownFor) return;
        shownFor = key; // once for each state of the host, lest two who disagree go on for ever
        gradioApp().getElementById("clip_skip_lab_sync")?.click();
    }

    // --- What the slider shows, brought into use --------------------------------------------------------------
    //
    // The host applies a value on gradio's "release", which only a pointer and leaving the number send; typing with
    // Enter and the arrow keys change the display alone. And gradio drops a release that comes while the one before
    // is under way. So: whenever the browser says that a value was changed for good, see that the host has it.

    let wanted = null, pushes = 0, pushTimer = null;

    function want(pause) {
        wanted = shown();
        pushes = 0;
        shownFor = "";
        clearTimeout(pushTimer);
        if (wanted !== null) pushTimer = setTimeout(push, pause);
    }

    // Always once: what the page knows of the host's options may be old. The host saves only what is new to it.
    function isInUse() {
        return pushes > 0 && opts[OPTION_KEY] === wanted;
    }

    function settle() {
        clearTimeout(pushTimer);
        wanted = null;
        askSoon();
    }

    function push() {
        if (isInUse() || pushes >= MOST_PUSHES) {
            settle();
            return;
        }
        keep();
        parts().number.dispatchEvent(new PointerEvent("pointerup")); // what gradio's slider listens to
        pushTimer = setTimeout(push, 300 * 2 ** pushes++);
    }

    // The answer to an earlier release sets the slider back to what it was about, in the middle of typing even.
    function keep() {
        if (wanted !== null && shown() !== wanted) put(wanted);
    }

    // The host would take 1.5, and 99 too, because gradio clamps a number only after it has sent it. Where no number is
    // left, the one in use comes back. Returns whether there was one.
    function mend() {
        const {number} = parts();
        const value = shown();
        if (value === null) {
            put(clipSkipLab.isGradio4 ? parts().range.valueAsNumber : opts[OPTION_KEY]);
            clearTimeout(pushTimer);
            wanted = null;
            askSoon();
            return false;
        }
        const mended = Math.min(Math.max(Math.round(value), Number(number.min)), Number(number.max));
        if (mended !== value) put(mended);
        return true;
    }

    function put(value) {
        const {number} = parts();
        number.value = value;
        updateInput(number);
    }

    function changed(event) {
        if (event.isTrusted) { // a person is at it
            wanted = shown();
            clearTimeout(pushTimer);
        }
        askSoon(shown() === null ? 0 : ASK_AFTER); // what was said of the number before is not to stay
    }

    // gradio 4 would give the host what no clip skip has too, and nothing for a number that is about to be typed anew.
    function keepFromHost(event) {
        const {number} = parts(), value = shown();
        const usable = Number.isInteger(value) && value >= Number(number.min) && value <= Number(number.max);
        if (!clipSkipLab.isGradio4 || event.target !== number || usable) return;
        event.stopImmediatePropagation();
        changed(event);
    }

    function follow() {
        const {number, range} = parts();
        slider.addEventListener("input", keepFromHost, true);
        slider.addEventListener("input", changed);
        clipSkipLab.onHeaderChange(askIfChanged);
        number.addEventListener("blur", () => wanted !== null && want(APPLY_AFTER)); // typed, and typed back again
        // On the way down, before gradio's own listeners at the inputs.
        let isNumber = true;
        slider.addEventListener("change", () => isNumber = mend(), true);
        slider.addEventListener("blur", (event) => {
            mend();
            // gradio sends the value whenever the number is left; the answer to what is in use already would set the
            // slider back in the middle of the next change.
            // What the host's own preset has put there, which the page's options don't tell, is nobody's choice.
            if (wanted === null && (clipSkipLab.isGradio4 || shown() === opts[OPTION_KEY])) event.stopPropagation();
        }, true);
        slider.addEventListener("pointerup", (event) => {
            if (!event.isTrusted) return;
            mend();
            if (wanted === null && clipSkipLab.isGradio4) event.stopPropagation();
        }, true);
        slider.addEventListener("change", () => isNumber && want(APPLY_AFTER));
        number.addEventListener("keydown", (event) => {
            if (event.key !== "Enter") return;
            if (mend()) want(0);
        });
        for (const input of [number, range]) input.setAttribute("aria-describedby", note.id);
        if (!number.labels.length) number.setAttribute("aria-label", slider.querySelector("label").textContent.trim());
    }

    // --- Start ------------------------------------------------------------------------------------------------

    function start() {
        if (note) return;
        slider = clipSkipLab.header();
        if (!slider) return;
        note = document.createElement("div");
        note.id = "clip_skip_lab_note";
        note.className = "clip-skip-lab-note";
        note.setAttribute("role", "status");
        note.setAttribute("aria-live", "polite");
        slider.classList.add("clip-skip-lab-slider");
        slider.appendChild(note);
        follow();
        askSoon();
        gradioApp().addEventListener("input", askIfChanged); // of the panel, whose fields are far from here
        window.addEventListener("focus", () => askSoon());
        document.addEventListener("visibilitychange", () => document.hidden || askSoon());
    }

    onUiLoaded(() => clipSkipLab.onOptions(start));
    onOptionsChanged(() => {
        if (!note) return;
        if (isInUse()) settle(); // at once: the next change may be another checkpoint's own value
        setTimeout(keep, 0); // when gradio has set the slider too
        askSoon();
    });
    onUiTabChange(askIfChanged);
    onAfterUiUpdate(askIfChanged);
})();
