// What a pasted infotext of another WebUI says here, under the note in the header: there it is seen at once. It stands
// above the panel "Finer clip skip" where the header has no note. It goes when another infotext is pasted, or when a
// person has changed the clip skip in use, as then it has been read.
(function () {
    "use strict";

    const SETTLES_AFTER = 2000; // ms in which the fields of the page follow what was pasted
    const tabs = new Map(); // by tab: {pasted, until, used, read}

    function used(tab, header) {
        const number = header.querySelector("input[type=number]")?.value ?? null;
        return JSON.stringify([clipSkipLab.panel(tab), clipSkipLab.override(tab) ?? number]);
    }

    // The text to show for a tab; "" where there is nothing new to it.
    function textFor(tab, header, line) {
        const pasted = line.dataset.pasted, now = used(tab, header);
        if (tabs.get(tab)?.pasted !== pasted) tabs.set(tab, {pasted, until: Date.now() + SETTLES_AFTER, read: false});
        const state = tabs.get(tab);
        if (Date.now() < state.until) state.used = now;
        else if (now !== state.used) state.read = true;
        return state.read ? "" : line.textContent;
    }

    function below(note) {
        let shown = document.getElementById("clip_skip_lab_of_picture");
        if (shown) return shown;
        shown = document.createElement("div");
        shown.id = "clip_skip_lab_of_picture";
        shown.className = "clip-skip-lab-note clip-skip-lab-of-picture";
        shown.setAttribute("role", "status");
        note.after(shown);
        return shown;
    }

    function show() {
        const note = document.getElementById("clip_skip_lab_note"), tab = clipSkipLab.tab();
        const place = gradioApp().querySelector(`#script_${tab}_clip_skip_lab_clip_skip_lab_pasted`);
        const line = place?.querySelector("p[data-pasted]");
        place?.classList.toggle("clip-skip-lab-elsewhere", note !== null);
        if (!note) return;
        const text = line ? textFor(tab, note.parentElement, line) : "", shown = below(note);
        if (shown.textContent !== text) shown.textContent = text;
    }

    onAfterUiUpdate(show);
    onUiTabChange(show);
    onUiLoaded(() => gradioApp().addEventListener("input", show)); // of the panel and the header, which change no element
})();
