// The library in the tab "Clip skip sweeps": every sweep on disk, to search, filter and sort, 50 at a time.
//
// It asks GET ./clip-skip-lab/v1/sweeps when the tab is shown, and nothing while it isn't. While the WebUI still reads
// sweeps into its index, it asks again each second. What a row looks like is in clip_skip_lab_library_row.js, what its
// buttons do in clip_skip_lab_library_actions.js.
window.clipSkipLabLibrary = (function () {
    "use strict";

    const TAB = "tab_clip_skip_lab";
    const AT_ONCE = 50, MOST_AT_ONCE = 1000;
    const SEARCH_AFTER = 250, LOOK_AGAIN_AFTER = 1000; // ms
    const {Refused} = clipSkipLabBring, {make, request} = clipSkipLab;

    const wanted = {search: "", checkpoint: "", sort: "newest"};
    const deleted = new Map(); // by id: the entries that this page has deleted, for "Undo"
    const rows = new Map(); // by id: {said, node}, what a row was made from
    let entries = [], total = 0, asked = 0, parts = null, searching = null, looking = null;

    // --- What is above and below the list ---------------------------------------------------------------------

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_sweeps .clip-skip-lab-sweeps");
    }

    function build() {
        const status = (className) => {
            const made = make("p", {className});
            made.setAttribute("role", "status");
            return made;
        };
        const search = make("input", {type: "search", autocomplete: "off", dir: "auto",
            placeholder: clipSkipLab.say("Name, note, prompt, checkpoint")});
        const checkpoint = make("select", {}), sort = make("select", {});
        for (const [value, text] of Object.entries({
            newest: clipSkipLab.say("Newest first"), oldest: clipSkipLab.say("Oldest first"), name: clipSkipLab.say("By name"),
            checkpoint: clipSkipLab.say("By checkpoint"), size: clipSkipLab.say("Largest on disk first"),
        })) sort.append(new Option(text, value));
        const labelled = (text, control) => {
            control.setAttribute("aria-label", text); // or the text of all its choices would belong to its name
            return make("label", {}, text, control);
        };
        const tools = make("div", {className: "clip-skip-lab-tools"}, labelled(clipSkipLab.say("Search"), search),
            labelled(clipSkipLab.say("Checkpoint"), checkpoint), labelled(clipSkipLab.say("Order"), sort));
        tools.setAttribute("role", "search");
        const list = make("ul", {});
        list.setAttribute("role", "list");
        const more = make("button", {type: "button", hidden: true, textContent: clipSkipLab.say("Show more"), onclick: showMore});
        parts = {
            search, checkpoint, sort, list, more, count: status(""), reading: make("p", {}), problems: make("div", {}),
            said: status("clip-skip-lab-said"),
        };
        search.addEventListener("input", () => {
            clearTimeout(searching);
            searching = setTimeout(() => want("search", search.value.trim()), SEARCH_AFTER);
        });
        checkpoint.addEventListener("change", () => want("checkpoint", checkpoint.value));
        sort.addEventListener("change", () => want("sort", sort.value));
        home().replaceChildren(make("h3", {textContent: clipSkipLab.say("Sweeps")}), tools,
            make("div", {className: "clip-skip-lab-counts"}, parts.count, parts.reading), parts.problems, list, more, parts.said);
        // The host's keys look for this tab's Generate and Interrupt, which it has not, and would stumble.
        home().addEventListener("keydown", (event) => {
            if (event.key === "Escape" || event.key === "Enter") event.stopPropagation();
        });
    }

    // What happened, in words; a problem in its colour.
    function say(text, warns = false) {
        parts.said.textContent = text;
        parts.said.classList.toggle("clip-skip-lab-warning", warns);
    }

    // --- Asking -----------------------------------------------------------------------------------------------

    function want(key, value) {
        if (wanted[key] === value) return;
        wanted[key] = value;
        say("");
        load(0, AT_ONCE);
    }

    function query(offset, limit) {
        const given = Object.entries({...wanted, offset, limit}).filter(([, value]) => value !== "");
        return `/sweeps?${new URLSearchParams(given)}`;
    }

    // The sweeps from a place on come into the list, in the place of those that were there; what is asked last counts.
    async function load(offset, limit) {
        const number = ++asked;
        clearTimeout(looking);
        parts.list.setAttribute("aria-busy", "true");
        try {
            const answer = await request(query(offset, limit));
            if (number !== asked) return;
            take(answer, offset);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            if (number === asked) say(error.message, true);
        } finally {
            if (number === asked) parts.list.removeAttribute("aria-busy");
        }
    }

    // Those that are shown, as they are now.
    function loadAgain() {
        return load(0, Math.min(MOST_AT_ONCE, Math.max(AT_ONCE, present().length)));
    }

    function showMore() {
        const from = present().length;
        load(from, AT_ONCE).then(() => parts.list.children[from]?.querySelector("a[href]:not([tabindex])")?.focus());
    }

    function present() {
        return entries.filter(({id}) => !deleted.has(id));
    }

    function take(answer, offset) {
        total = answer.total;
        const before = offset ? entries : [], found = new Map([...before, ...answer.sweeps].map((entry) => [entry.id, entry]));
        entries = [...found.values()];
        for (const {id} of answer.sweeps) deleted.delete(id); // another page has brought it back
        showCheckpoints(answer.checkpoints ?? []);
        show(answer.reading ?? 0, answer.problem_folders ?? []);
        if (answer.reading) looking = setTimeout(lookAgain, LOOK_AGAIN_AFTER);
    }

    function lookAgain() {
        if (isShown() && !document.hidden) loadAgain();
        else looking = setTimeout(lookAgain, LOOK_AGAIN_AFTER);
    }

    // --- Showing ----------------------------------------------------------------------------------------------

    function showCheckpoints(checkpoints) {
        const all = new Option(clipSkipLab.say("All checkpoints"), ""), known = new Map();
        for (const {name, hash, sweeps} of checkpoints) { // one that has been renamed is the same by its hash
            const before = known.get(hash || name) ?? {name, sweeps: 0};
            known.set(hash || name, {name: before.name || name, sweeps: before.sweeps + sweeps});
        }
        const options = [...known].map(([value, {name, sweeps}]) =>
            new Option(`${name || clipSkipLab.say("(no name)")} (${sweeps.toLocaleString(clipSkipLab.language)})`, value));
        const gone = wanted.checkpoint && !options.some(({value}) => value === wanted.checkpoint);
        const chosen = gone ? [new Option(parts.checkpoint.selectedOptions[0]?.text ?? wanted.checkpoint, wanted.checkpoint)] : [];
        const now = [all, ...chosen, ...options], said = (some) => JSON.stringify([...some].map(({text, value}) => [text, value]));
        if (said(now) !== said(parts.checkpoint.options)) parts.checkpoint.replaceChildren(...now);
        parts.checkpoint.value = wanted.checkpoint;
    }

    function show(reading, problems) {
        parts.count.textContent = counted();
        parts.reading.textContent = !reading ? "" : reading === 1 ? clipSkipLab.say("Reading 1 more sweep…")
            : clipSkipLab.say("Reading {count} more sweeps…", {count: reading});
        parts.problems.replaceChildren(...problems.map((text) => make("p", {className: "clip-skip-lab-warning", textContent: text})));
        showList();
        parts.more.hidden = present().length >= total;
    }

    function counted() {
        if (total) return total === 1 ? clipSkipLab.say("1 sweep") : clipSkipLab.say("{count} sweeps", {count: total});
        return wanted.search || wanted.checkpoint ? clipSkipLab.say("No sweep matches.")
            : clipSkipLab.say("There are no sweeps yet. The script “Clip skip sweep” makes them.");
    }

    // A row stays the same element as long as it says the same, and while somebody writes in it.
    function rowOf(entry) {
        const said = JSON.stringify([entry, deleted.has(entry.id), clipSkipLabLibraryActions.isMarked(entry.id)]);
        const kept = rows.get(entry.id);
        if (kept && (kept.said === said || kept.node.querySelector("form"))) return kept.node;
        const node = deleted.has(entry.id) ? clipSkipLabLibraryRow.deleted(entry) : clipSkipLabLibraryRow.sweep(entry);
        rows.set(entry.id, {said, node});
        return node;
    }

    function showList() {
        const elsewhere = [...deleted.values()].filter(({id}) => !entries.some((entry) => entry.id === id));
        const focused = document.activeElement, place = focused?.closest?.(".clip-skip-lab-sweep")?.dataset.id;
        const now = [...elsewhere, ...entries].map(rowOf), before = parts.list.children;
        if (now.length === before.length && now.every((node, index) => node === before[index])) return;
        const kept = parts.list.contains(focused);
        parts.list.replaceChildren(...now);
        if (!kept) return;
        if (parts.list.contains(focused)) focused.focus({preventScroll: true});
        else focusOn(place, focused.dataset.action);
    }

    function focusOn(id, action) {
        const row = rows.get(id)?.node;
        (row?.querySelector(`[data-action="${action}"]`) ?? row?.querySelector("button, a[href]"))?.focus({preventScroll: true});
    }

    // What has become of a sweep, into its row.
    function changed(entry) {
        entries = entries.map((other) => other.id === entry.id ? entry : other);
        showList();
    }

    function removed(entry) {
        deleted.set(entry.id, entry);
        if (parts.list.hasAttribute("aria-busy")) loadAgain(); // an answer from before would bring it back
        total -= 1;
        parts.count.textContent = counted();
        showList();
    }

    function restored(entry) {
        deleted.delete(entry.id);
        if (!entries.some(({id}) => id === entry.id)) return loadAgain();
        total += 1;
        parts.count.textContent = counted();
        return changed(entry);
    }

    // --- When -------------------------------------------------------------------------------------------------

    function isShown() {
        return get_uiCurrentTabContent()?.id === TAB;
    }

    async function opened() {
        if (!isShown() || !home()) return;
        await clipSkipLab.words;
        if (!parts || !home().contains(parts.list)) build();
        await loadAgain();
        gradioApp().querySelector("#clip_skip_lab_compare_refresh")?.click(); // after the list, which is waited for
    }

    onUiTabChange(opened);

    return {say, changed, removed, restored, showList, focusOn, loadAgain};
})();
