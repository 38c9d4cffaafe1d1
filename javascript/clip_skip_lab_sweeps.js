// A list of the sweeps, in the tab "Clip skip lab".
(function () {
    "use strict";

    const ROUTE = "./clip-skip-lab/v1/sweeps";
    const TAB = "tab_clip_skip_lab";
    const LISTED = 30;

    function make(tag, properties = {}, ...children) {
        const made = Object.assign(document.createElement(tag), properties);
        made.append(...children);
        return made;
    }

    function linkTo(id, text) {
        return make("a", {href: `${ROUTE}/${encodeURIComponent(id)}/page`, target: "_blank", rel: "noopener", textContent: text});
    }

    // --- The list ---------------------------------------------------------------------------------------------

    async function showList() {
        const place = gradioApp().querySelector("#clip_skip_lab_sweeps .clip-skip-lab-sweeps");
        if (!place) return;
        await clipSkipLab.words;
        let sweeps = [], problem = "";
        try {
            const response = await fetch(`${ROUTE}?limit=${LISTED}`);
            const answer = await response.json();
            if (response.ok) sweeps = answer.sweeps;
            else problem = answer.detail;
        } catch {
            problem = clipSkipLab.say("The WebUI does not answer.");
        }
        const again = make("button", {type: "button", textContent: clipSkipLab.say("Refresh"), onclick: showList});
        const none = sweeps.length ? "" : clipSkipLab.say("There are no sweeps yet. Script “Clip skip sweep” makes them.");
        const said = make("p", {className: problem ? "clip-skip-lab-said clip-skip-lab-warning" : "clip-skip-lab-said",
            textContent: problem || none});
        said.setAttribute("role", "status");
        const focused = place.querySelector("button") === document.activeElement;
        const title = make("h3", {textContent: clipSkipLab.say("Sweeps")});
        place.replaceChildren(title, ...(sweeps.length ? [table(sweeps)] : []), again, said);
        if (focused) again.focus();
    }

    function table(sweeps) {
        const heads = [clipSkipLab.say("Prompt"), clipSkipLab.say("Made"), clipSkipLab.say("Axes"), clipSkipLab.say("Cells"),
            clipSkipLab.say("State")];
        const head = make("tr", {}, ...heads.map((text) => make("th", {textContent: text, scope: "col"})));
        return make("table", {}, make("thead", {}, head), make("tbody", {}, ...sweeps.map(row)));
    }

    function stateOf({state, draft}) {
        const names = {
            running: clipSkipLab.say("running"), finished: clipSkipLab.say("finished"),
            interrupted: clipSkipLab.say("interrupted"), failed: clipSkipLab.say("failed"),
        };
        return [names[state] ?? state, draft && clipSkipLab.say("draft")].filter(Boolean).join(", ");
    }

    function row(sweep) {
        if (sweep.problem) return make("tr", {}, make("th", {scope: "row", textContent: sweep.id}),
            make("td", {colSpan: 4, textContent: sweep.problem, className: "clip-skip-lab-said"}));
        const name = make("th", {scope: "row"}, linkTo(sweep.id, sweep.prompt.trim() || clipSkipLab.say("(no prompt)")),
            make("br"), make("small", {textContent: sweep.id}));
        const axes = sweep.axes.map((axis) => `${axis.name} × ${axis.values}`).join(", ");
        const done = clipSkipLab.say("{done} of {count}", {done: sweep.done, count: sweep.cells});
        const cells = [timeOf(sweep.created), axes, done, stateOf(sweep)].map((text) => make("td", {textContent: text}));
        return make("tr", {}, name, ...cells);
    }

    function timeOf(created) {
        const time = new Date(created);
        if (Number.isNaN(time.getTime())) return created;
        return new Intl.DateTimeFormat(clipSkipLab.language, {dateStyle: "medium", timeStyle: "short"}).format(time);
    }

    onUiTabChange(() => get_uiCurrentTabContent()?.id === TAB && showList());
})();
