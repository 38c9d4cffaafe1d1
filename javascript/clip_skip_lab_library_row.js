// A row of the library: a sweep as it is listed, or one that was deleted and can be brought back.
//
// Whatever a person or a model's author wrote is a text node, in its own direction.
window.clipSkipLabLibraryRow = (function () {
    "use strict";

    const LONGEST_LABEL = 80; // letters of a name within a button's
    const ROUTE = "./clip-skip-lab/v1/sweeps", {make} = clipSkipLab;

    function page(id, file = "") {
        return `${ROUTE}/${encodeURIComponent(id)}/page${file && "/"}${file.split("/").map(encodeURIComponent).join("/")}`;
    }

    // What a sweep is called: its name, else its prompt.
    function nameOf({id, name, prompt}) {
        const called = name || (prompt ?? "").replace(/\s+/g, " ").trim();
        return called || (prompt === undefined ? id : clipSkipLab.say("(no prompt)"));
    }

    function shortNameOf(entry) {
        const letters = [...nameOf(entry)];
        return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL).join("")}…` : letters.join("");
    }

    // --- What is known of it ----------------------------------------------------------------------------------

    function stateOf({state, draft}) {
        const names = {
            running: clipSkipLab.say("running"), finished: clipSkipLab.say("finished"),
            interrupted: clipSkipLab.say("interrupted"), failed: clipSkipLab.say("failed"),
        };
        return [names[state] ?? state, draft && clipSkipLab.say("draft")].filter(Boolean).join(", ");
    }

    function timeOf(created) {
        const time = new Date(created);
        if (Number.isNaN(time.getTime())) return created;
        return new Intl.DateTimeFormat(clipSkipLab.language, {dateStyle: "medium", timeStyle: "short"}).format(time);
    }

    function sizeOf(bytes) {
        const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
        const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3)), number = bytes / 1000 ** power;
        const form = {style: "unit", unit: units[power], maximumFractionDigits: power && number < 10 ? 1 : 0};
        return new Intl.NumberFormat(clipSkipLab.language, form).format(number);
    }

    function facts(sweep) {
        const axes = sweep.axes.map((axis) => `${axis.name} × ${axis.values}`).join(", ");
        const cells = clipSkipLab.say("{done} of {count} cells", {done: sweep.done, count: sweep.cells});
        const failed = sweep.failed ? clipSkipLab.say("{count} failed", {count: sweep.failed}) : "";
        const known = [timeOf(sweep.created), sweep.model, sweep.tab, axes, cells, failed, stateOf(sweep), sizeOf(sweep.bytes)];
        const made = known.filter(Boolean).map((text) => make("bdi", {textContent: text}));
        if (sweep.picks.length) made.splice(-1, 0, picks(sweep.picks.length));
        return make("p", {className: "clip-skip-lab-facts"}, ...made, make("bdi", {className: "clip-skip-lab-id", textContent: sweep.id}));
    }

    function picks(count) {
        const made = make("span", {textContent: `★ ${count.toLocaleString(clipSkipLab.language)}`,
            title: clipSkipLab.say("Cells that you chose: {count}", {count})});
        made.setAttribute("role", "img");
        made.setAttribute("aria-label", made.title);
        return made;
    }

    // --- Its elements -----------------------------------------------------------------------------------------

    function thumbnail({id, thumbnail: file}) {
        const made = make("a", {className: "clip-skip-lab-thumbnail", href: page(id), target: "_blank", rel: "noopener", tabIndex: -1});
        made.setAttribute("aria-hidden", "true"); // the link "Open" is the same
        if (file) {
            const image = make("img", {loading: "lazy", decoding: "async", alt: "", src: page(id, file)});
            image.addEventListener("error", () => image.remove());
            made.append(image);
        }
        return made;
    }

    function words(sweep) {
        const name = make("p", {className: "clip-skip-lab-name", dir: "auto", textContent: nameOf(sweep), title: sweep.prompt.trim()});
        const made = make("div", {className: "clip-skip-lab-words"}, name);
        if (sweep.name && sweep.prompt.trim()) made.append(make("p", {className: "clip-skip-lab-prompt", dir: "auto", textContent: sweep.prompt}));
        made.append(facts(sweep));
        if (sweep.note) made.append(make("p", {className: "clip-skip-lab-own-note", dir: "auto", textContent: sweep.note}));
        if (sweep.problem_judged) made.append(make("p", {className: "clip-skip-lab-warning", textContent: sweep.problem_judged}));
        return made;
    }

    // A button of a row; `action` tells it from the others.
    function button(entry, action, text, pressed) {
        const made = make("button", {type: "button", textContent: text});
        made.dataset.action = action;
        made.setAttribute("aria-label", `${text}: ${shortNameOf(entry)}`);
        if (action === "compare") made.setAttribute("aria-pressed", clipSkipLabLibraryActions.isMarked(entry.id));
        made.addEventListener("click", pressed);
        return made;
    }

    function open(entry) {
        const text = clipSkipLab.say("Open"), link = {href: page(entry.id), target: "_blank", rel: "noopener", textContent: text};
        const made = make("a", {...link, className: "clip-skip-lab-button"});
        made.dataset.action = "open";
        made.setAttribute("aria-label", `${text}: ${shortNameOf(entry)}`);
        return made;
    }

    function row(entry, ...children) {
        const made = make("li", {className: "clip-skip-lab-sweep"}, ...children);
        made.dataset.id = entry.id;
        return made;
    }

    function sweep(entry) {
        const buttons = clipSkipLabLibraryActions.of(entry).map((action) => button(entry, ...action));
        if (entry.problem) {
            const said = make("p", {className: "clip-skip-lab-warning", textContent: entry.problem});
            const name = make("p", {className: "clip-skip-lab-name", textContent: entry.id});
            return row(entry, make("div", {className: "clip-skip-lab-words"}, name, said),
                make("div", {className: "clip-skip-lab-actions"}, ...buttons));
        }
        return row(entry, thumbnail(entry), words(entry), make("div", {className: "clip-skip-lab-actions"}, open(entry), ...buttons));
    }

    function deleted(entry) {
        const name = make("bdi", {textContent: shortNameOf(entry)});
        const undo = button(entry, "undo", clipSkipLab.say("Undo"), () => clipSkipLabLibraryActions.undo(entry));
        return row(entry, make("p", {className: "clip-skip-lab-words"}, name, ` – ${clipSkipLab.say("Deleted.")}`), undo);
    }

    return {sweep, deleted, nameOf, shortNameOf};
})();
