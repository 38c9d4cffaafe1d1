// A sweep that does not run in this WebUI: the command for it, under the gallery; and how far one is that runs on several
// WebUIs, from its first moment, also where the page was opened meanwhile.
(function () {
    "use strict";

    const {make} = clipSkipLab, TABS = ["txt2img", "img2img"];
    const ASK_EVERY = 1000; // ms, while one runs
    const FILE = "clip-skip-sweep.json"; // as the command names it (clip_skip_lab/ui/run_on.py)

    const line = (text, className = "") => make("p", {className, textContent: text});

    // --- The command ------------------------------------------------------------------------------------------

    async function copy(text, button) {
        try {
            await navigator.clipboard.writeText(text);
        } catch { // a page that is neither https nor of this machine may not
            const field = make("textarea", {value: text});
            button.after(field);
            field.select();
            document.execCommand("copy");
            field.remove();
        }
        button.textContent = clipSkipLab.say("Copied");
    }

    function commandBox(text) {
        const button = make("button", {type: "button", textContent: clipSkipLab.say("Copy"), onclick: () => copy(text, button)});
        return make("div", {className: "clip-skip-lab-command"}, make("code", {textContent: text}), button);
    }

    function save(job) {
        const href = URL.createObjectURL(new Blob([JSON.stringify(job, null, 1)], {type: "application/json"}));
        make("a", {href, download: FILE}).click();
        setTimeout(() => URL.revokeObjectURL(href), 60000); // the browser has begun with it by then
    }

    // What stands under the gallery where nothing was generated here.
    function result(report) {
        const [first, ...others] = report.said.map((text) => line(text));
        const shown = make("div", {className: "clip-skip-lab-result"}, first);
        if (report.started) askSoon();
        if (report.command) {
            const text = clipSkipLab.say("Download {file}", {file: FILE});
            const download = make("button", {type: "button", textContent: text, onclick: () => save(report.job)});
            download.className = "clip-skip-lab-download";
            const beside = line(clipSkipLab.say("In the folder of that file, run:"));
            const once = line(clipSkipLab.say("Before the first time, in a Python environment of its own:"));
            shown.append(download, beside, commandBox(report.command), once, commandBox(report.install));
        }
        shown.append(...others);
        return shown;
    }

    clipSkipLab.elsewhere = {result};

    // --- How far it is ----------------------------------------------------------------------------------------

    let timer = null, isSeen = false, last = "";

    function askSoon() {
        isSeen = true;
        clearTimeout(timer);
        timer = setTimeout(ask, 0);
    }

    async function ask() {
        timer = null;
        await clipSkipLab.words;
        let told = null;
        try {
            told = await clipSkipLab.request("/elsewhere");
        } catch (error) {
            if (!(error instanceof clipSkipLabBring.Refused)) throw error; // it restarts, or wants another sign-in
        }
        if (told === null) {
            if (isSeen) timer = setTimeout(ask, 5 * ASK_EVERY);
            return;
        }
        const runs = told.state === "running" || told.state === "stopping";
        isSeen ||= runs;
        if (isSeen) show(told); // one that had ended before the page was opened is in the list of sweeps
        if (runs) timer = setTimeout(ask, ASK_EVERY);
    }

    function show(told) {
        const now = JSON.stringify(told);
        if (now === last) return;
        last = now;
        for (const tab of TABS) {
            const row = gradioApp().querySelector(`#clip_skip_lab_from_${tab}`);
            if (!row) continue;
            const box = row.querySelector(".clip-skip-lab-elsewhere") ?? make("div", {className: "clip-skip-lab-elsewhere"});
            const isOpen = box.querySelector("details")?.open ?? false;
            box.replaceChildren(...parts(told, isOpen));
            row.append(box);
        }
    }

    function headline(told) {
        if (told.measured) {
            const {done, count} = told.measured;
            return clipSkipLab.say("measuring cell {number} of {count}", {number: Math.min(done + 1, count), count});
        }
        if (!told.total) return clipSkipLab.say("Asking the WebUIs…");
        return clipSkipLab.say("{done} of {count} cells", {done: told.over, count: told.total});
    }

    function parts(told, isOpen) {
        const sentences = told.sentences.map((text) => line(text));
        if (told.report) return [clipSkipLab.sweepResult(told.report)];
        if (told.state === "ended") return sentences;
        const pieces = [make("strong", {textContent: headline(told)})];
        if (told.failed) pieces.push(clipSkipLab.say("{failed} failed", {failed: told.failed}));
        if (told.left) pieces.push(told.left);
        if (told.sweep) pieces.push(pageLink(told.sweep));
        const joined = pieces.flatMap((part, place) => place ? [" · ", part] : [part]);
        const {done, count} = told.measured ?? {done: told.over, count: told.total};
        const found = [
            make("p", {className: "clip-skip-lab-page"}, ...joined),
            make("progress", count ? {max: count, value: done} : {}),
            ...told.webuis.map(webui),
            stopButton(told),
            ...sentences.slice(-1),
        ];
        if (sentences.length < 2) return found;
        const more = make("summary", {textContent: clipSkipLab.say("more")});
        return [...found, make("details", {open: isOpen}, more, ...sentences.slice(0, -1))];
    }

    function pageLink(id) {
        const href = `./clip-skip-lab/v1/sweeps/${encodeURIComponent(id)}/page`;
        return make("a", {href, target: "_blank", rel: "noopener", textContent: clipSkipLab.say("Open the page")});
    }

    function webui({url, state}) {
        const words = {
            works: clipSkipLab.say("generating"),
            waits: clipSkipLab.say("waiting"),
            lost: clipSkipLab.say("cannot be reached"),
            out: clipSkipLab.say("no longer used"),
        };
        return line(`${url}: ${words[state] ?? state}`, state === "lost" || state === "out" ? "clip-skip-lab-problem" : "");
    }

    function stopButton({state}) {
        const isStopping = state === "stopping";
        const text = isStopping ? clipSkipLab.say("Stopping; finished cells are kept…") : clipSkipLab.say("Stop");
        return make("button", {type: "button", textContent: text, disabled: isStopping, async onclick({target}) {
            target.disabled = true;
            try {
                show(await clipSkipLab.request("/elsewhere/stop", "POST"));
            } catch (error) {
                target.disabled = false;
                if (!(error instanceof clipSkipLabBring.Refused)) throw error;
                target.after(line(error.message, "clip-skip-lab-problem"));
            }
        }});
    }

    // --- What the panel offers --------------------------------------------------------------------------------

    let named = null;

    function offerAgain() {
        const now = opts.clip_skip_lab_webuis ?? "";
        if (now === named) return;
        named = now;
        for (const button of gradioApp().querySelectorAll("[id$='clip_skip_lab_run_on_again']")) button.click();
    }

    onUiLoaded(() => {
        clipSkipLab.onOptions(offerAgain);
        if (timer === null) timer = setTimeout(ask, 0);
    });
    onOptionsChanged(offerAgain);
})();
