// What the buttons of the library's rows do: to continue, extend, compare, rename, note and delete a sweep.
window.clipSkipLabLibraryActions = (function () {
    "use strict";

    const SCRIPT = "Clip skip sweep";
    const RESUME = "clip_skip_lab_resume", EXTEND = "clip_skip_lab_extend"; // keys of an infotext, which the panel reads
    const LONGEST = {name: 200, note: 10000}; // letters
    const {find, goTo, sayIn, Refused} = clipSkipLabBring;
    const {make, request} = clipSkipLab, {say} = clipSkipLabLibrary;
    let marked = null; // the sweep to be compared with the next one

    // The buttons of a sweep, in their order: [action, text, pressed] each.
    function of(entry) {
        const done = entry.done === entry.cells, isOwn = !entry.problem && entry.here !== false;
        const buttons = [
            isOwn && !done && ["continue", clipSkipLab.say("Continue"), () => bring(entry, RESUME)],
            isOwn && done && entry.draft && ["full", clipSkipLab.say("Run at full quality"), () => bring(entry, RESUME)],
            isOwn && done && !entry.draft && ["extend", clipSkipLab.say("Extend"), () => bring(entry, EXTEND)],
            entry.done > 0 && ["compare", clipSkipLab.say("Compare"), () => compare(entry)],
            !entry.problem && ["rename", clipSkipLab.say("Rename"), () => write(entry, "name")],
            !entry.problem && ["note", clipSkipLab.say("Note"), () => write(entry, "note")],
            ["delete", clipSkipLab.say("Delete"), () => remove(entry)],
        ];
        return buttons.filter(Boolean).map(([action, text, pressed]) => [action, text, () => attempt(pressed)]);
    }

    // Does it and says what happened, or why it did not. A sweep that is gone goes from the list.
    async function attempt(action) {
        try {
            say(await action() ?? "");
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            say(error.message, true);
            if (error.gone) await clipSkipLabLibrary.loadAgain();
        }
    }

    function route(entry, rest = "") {
        return `/sweeps/${encodeURIComponent(entry.id)}${rest}`;
    }

    // --- Name and note ----------------------------------------------------------------------------------------

    function write(entry, key) {
        const row = rowOf(entry), isName = key === "name";
        row.querySelector("form")?.remove();
        const label = isName ? clipSkipLab.say("Name of the sweep") : clipSkipLab.say("Note");
        const field = make(isName ? "input" : "textarea", {value: entry[key], dir: "auto", maxLength: LONGEST[key]});
        field.setAttribute("aria-label", label);
        const cancel = make("button", {type: "button", textContent: clipSkipLab.say("Cancel")});
        const form = make("form", {}, field, make("button", {textContent: clipSkipLab.say("Save")}), cancel);
        const close = () => {
            form.remove();
            clipSkipLabLibrary.showList();
            clipSkipLabLibrary.focusOn(entry.id, isName ? "rename" : "note");
        };
        cancel.addEventListener("click", close);
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            attempt(() => save(entry, key, field.value, close));
        });
        field.addEventListener("keydown", (event) => {
            if (event.key === "Escape") close();
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
        });
        row.querySelector(".clip-skip-lab-words").append(form);
        field.focus();
        if (isName) field.select();
    }

    // What somebody typed stays in the field until it is kept.
    async function save(entry, key, value, close) {
        const now = await request(route(entry), "PATCH", {[key]: value});
        clipSkipLabLibrary.changed(now);
        close();
        return key === "name" ? clipSkipLab.say("The name is saved.") : clipSkipLab.say("The note is saved.");
    }

    function rowOf(entry) {
        return find(`#clip_skip_lab_sweeps .clip-skip-lab-sweep[data-id="${CSS.escape(entry.id)}"]`);
    }

    // --- Into the trash and back ------------------------------------------------------------------------------

    async function remove(entry) {
        await request(route(entry), "DELETE");
        clipSkipLabLibrary.removed(entry);
        clipSkipLabLibrary.focusOn(entry.id, "undo");
        return clipSkipLab.say("Deleted.");
    }

    function undo(entry) {
        return attempt(async () => {
            const now = await request(route(entry, "/restore"), "PUT");
            await clipSkipLabLibrary.restored(now);
            clipSkipLabLibrary.focusOn(entry.id, "open");
            return clipSkipLab.say("The sweep was restored.");
        });
    }

    // --- Comparing two ----------------------------------------------------------------------------------------

    function compare(entry) {
        const one = marked;
        marked = one?.id === entry.id ? null : entry;
        if (one && marked) return comparePair(one, entry);
        clipSkipLabLibrary.showList();
        clipSkipLabLibrary.focusOn(entry.id, "compare");
        return marked ? clipSkipLab.say("Press “Compare” on the sweep to compare it with.") : "";
    }

    function comparePair(one, other) {
        marked = null;
        clipSkipLabLibrary.showList();
        window.clipSkipLabPair = JSON.stringify([one.id, other.id]); // for the button that nobody sees (ui/compare.py)
        find("#clip_skip_lab_compare_pair").click();
        find("#clip_skip_lab_compare_title").scrollIntoView({block: "start"});
        find("#clip_skip_lab_compare").focus({preventScroll: true});
        return "";
    }

    // --- Back into the panel ----------------------------------------------------------------------------------

    // The sweep's grid has an infotext; a run that was broken off before the grid was made has none, and continuing it
    // takes everything from its sweep.json.
    function infotextOf({infotext, setting}) {
        return infotext || `${setting.prompt ?? ""}\nNegative prompt: ${setting.negative_prompt ?? ""}\n` +
            `Steps: ${setting.steps ?? 20}, Seed: ${setting.seed ?? -1}, Size: ${setting.width ?? 512}x${setting.height ?? 512}`;
    }

    function withKeys(infotext, key, id) {
        const added = [/, Script: /.test(infotext.slice(infotext.lastIndexOf("\nSteps: "))) ? "" : `Script: ${SCRIPT}`, `${key}: ${id}`];
        return [infotext.trimEnd(), ...added.filter(Boolean)].join(", ");
    }

    async function bring(entry, key) {
        const text = withKeys(infotextOf(await request(route(entry))), key, entry.id), {tab} = entry;
        const shown = (css) => find(`#${tab}_script_container ${css} input`)?.value ?? "";
        const taken = () => shown("#script_list") === SCRIPT && shown(`[id$=${key}]`).includes(entry.id);
        goTo(tab);
        sayIn(tab, "");
        try {
            await clipSkipLabBring.infotext(tab, text, taken);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            return sayIn(tab, error.message);
        }
        find(`#${tab}_script_container`).scrollIntoView({block: "nearest"});
        find(`#${tab}_generate`).focus({preventScroll: true});
        return sayIn(tab, tab === "img2img" ? clipSkipLab.say("Put the same image into img2img first.") : "");
    }

    return {of, undo, isMarked: (id) => marked?.id === id};
})();
