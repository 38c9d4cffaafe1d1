// What stands under a gallery about sweeps: a link to the page of the one that is running, from its first moment, also
// where the page was opened meanwhile; and of one that has ended the most important first, the rest behind "more".
(function () {
    "use strict";

    const {make} = clipSkipLab, TABS = ["txt2img", "img2img"];
    const ASK_EVERY = 2000; // ms, while something is being generated

    function linkTo(id, text) {
        const href = `./clip-skip-lab/v1/sweeps/${encodeURIComponent(id)}/page`;
        return make("a", {href, target: "_blank", rel: "noopener", textContent: text});
    }

    // --- While one runs ---------------------------------------------------------------------------------------

    let timer = null;

    async function ask() {
        await clipSkipLab.words;
        let sweeps = [];
        try {
            const response = await fetch("./clip-skip-lab/v1/running");
            if (response.ok) ({sweeps} = await response.json());
        } catch {
            // The WebUI restarts; the next change of the page asks again.
        }
        for (const tab of TABS) showRunning(tab, sweeps);
        const goesOn = sweeps.length > 0 || isGenerating();
        timer = goesOn ? setTimeout(ask, ASK_EVERY) : null;
    }

    function isGenerating() {
        return gradioApp().querySelector(".progressDiv") !== null;
    }

    function askIfGenerating() {
        if (timer === null && isGenerating()) timer = setTimeout(ask, 0);
    }

    function showRunning(tab, sweeps) {
        const row = gradioApp().querySelector(`#clip_skip_lab_from_${tab}`);
        if (!row) return;
        const line = row.querySelector(".clip-skip-lab-running") ?? make("p", {className: "clip-skip-lab-running clip-skip-lab-page"});
        if (line.dataset.sweeps === sweeps.join()) return;
        line.dataset.sweeps = sweeps.join();
        line.replaceChildren(...sweeps.map((id) => linkTo(id, clipSkipLab.say("Open the page of the sweep that is running"))));
        row.append(line);
    }

    // --- When one has ended -----------------------------------------------------------------------------------

    function line(text, className = "") {
        return make("p", {className, textContent: text});
    }

    function compareLink({id, counterpart}) {
        const text = clipSkipLab.say("Compare with its {tab} sweep", {tab: counterpart.tab});
        return make("a", {href: "#", textContent: text, onclick(event) {
            event.preventDefault();
            compare(id, counterpart.id);
        }});
    }

    // In our tab, whose button nobody sees takes the two (ui/compare.py).
    function compare(one, other) {
        const buttons = [...gradioApp().querySelectorAll("#tabs > .tab-nav > button, #tabs > .tab-container button")];
        const content = gradioApp().querySelector("#tab_clip_skip_lab");
        const place = [...content.parentElement.children].filter((part) => part.id?.startsWith("tab_")).indexOf(content);
        buttons[place]?.click();
        window.clipSkipLabPair = JSON.stringify([one, other]);
        gradioApp().querySelector("#clip_skip_lab_compare_pair")?.click();
        gradioApp().querySelector("#clip_skip_lab_compare_title")?.scrollIntoView({block: "start"});
    }

    function headline(report) {
        const done = make("strong", {textContent: clipSkipLab.say("{done} of {count} done", {done: report.done, count: report.cells})});
        const parts = [done, linkTo(report.id, clipSkipLab.say("Open the page"))];
        if (report.counterpart) parts.push(compareLink(report));
        return make("p", {className: "clip-skip-lab-page"}, ...parts.flatMap((part, place) => place ? [" · ", part] : [part]));
    }

    function more(report) {
        const lines = [...report.findings.slice(1), ...report.notes].map((text) => line(text));
        const folder = make("small", {textContent: clipSkipLab.say("Folder: {folder}", {folder: report.folder})});
        return make("details", {}, make("summary", {textContent: clipSkipLab.say("more")}), ...lines, folder);
    }

    function result(report) {
        const lost = report.lost.map((text) => line(text, "clip-skip-lab-problem"));
        const said = [...report.waiting, ...report.findings.slice(0, 1)].map((text) => line(text));
        return make("div", {className: "clip-skip-lab-result"}, headline(report), ...lost, ...said, more(report));
    }

    clipSkipLab.sweepResult = result;

    function showResult(tab) {
        const said = gradioApp().querySelector(`#html_log_${tab} .comments`);
        const reports = clipSkipLab.inGallery[tab]?.extra_generation_params?.clip_skip_lab?.page;
        if (!said || !reports?.length || said.querySelector(".clip-skip-lab-result")) return;
        // What the gallery's words are about may come a moment before them.
        const isOf = (report) => said.textContent.includes(report.folder ?? report.said[0]);
        const shown = (report) => report.said ? clipSkipLab.elsewhere.result(report) : result(report);
        if (reports.every(isOf)) said.replaceChildren(...reports.map(shown));
    }

    // --- The buttons under the gallery ------------------------------------------------------------------------

    function switchButtons(tab) {
        const isEmpty = !gradioApp().querySelector(`#${tab}_gallery .thumbnail-item`);
        for (const button of gradioApp().querySelectorAll(`#clip_skip_lab_from_${tab} button`)) {
            const isOfPicture = !button.closest(".clip-skip-lab-elsewhere");
            if (isOfPicture && button.disabled !== isEmpty) button.disabled = isEmpty;
        }
    }

    function follow() {
        askIfGenerating();
        for (const tab of TABS) switchButtons(tab);
        clipSkipLab.words.then(() => TABS.forEach(showResult));
    }

    onUiLoaded(() => {
        clipSkipLab.galleryCallbacks.push(follow);
        follow();
        if (timer === null) timer = setTimeout(ask, 0);
    });
    onAfterUiUpdate(follow);
})();
