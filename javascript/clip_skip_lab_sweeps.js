// Ways to the page of a sweep: a link under the gallery when one has run, and a list in the tab "Clip skip lab".
(function () {
    "use strict";

    const ROUTE = "./clip-skip-lab/v1/sweeps";
    const TAB = "tab_clip_skip_lab";
    const FOLDER = /clip-skip-sweeps[/\\](\d{4}-\d\d-\d\d-[0-9a-f]{8})/; // as the summary under the gallery names it
    const LISTED = 30;

    const TEXTS = {
        en: {
            open: "Open the page of this sweep", title: "Sweeps", refresh: "Refresh",
            none: "There are no sweeps yet. Script “Clip skip sweep” makes them.",
            sweep: "Prompt", made: "Made", cells: "Cells", noPrompt: "(no prompt)", state: "State", axes: "Axes",
            of: (done, all) => `${done} of ${all}`,
            states: {running: "running", finished: "finished", interrupted: "interrupted", failed: "failed"},
            draft: "draft", unreachable: "The WebUI does not answer.",
        },
        ja: {
            open: "このスイープのページを開く", title: "スイープ", refresh: "更新",
            none: "スイープはまだありません。スクリプト「Clip skip sweep」で作れます。",
            sweep: "プロンプト", made: "作成日時", cells: "セル", noPrompt: "(プロンプトなし)", state: "状態", axes: "軸",
            of: (done, all) => `${all} 中 ${done}`,
            states: {running: "実行中", finished: "完了", interrupted: "中断", failed: "失敗"},
            draft: "下書き", unreachable: "WebUI が応答しません。",
        },
    };

    function texts() {
        return TEXTS[clipSkipLab.language()];
    }

    function make(tag, properties = {}, ...children) {
        const made = Object.assign(document.createElement(tag), properties);
        made.append(...children);
        return made;
    }

    function linkTo(id, text) {
        return make("a", {href: `${ROUTE}/${encodeURIComponent(id)}/page`, target: "_blank", rel: "noopener", textContent: text});
    }

    // --- Under the gallery ------------------------------------------------------------------------------------

    function addLinks() {
        for (const tab of ["txt2img", "img2img"]) {
            const said = gradioApp().querySelector(`#html_log_${tab} .comments`);
            const id = said && FOLDER.exec(said.textContent)?.[1];
            if (!id || said.querySelector(".clip-skip-lab-page")) continue;
            said.append(make("div", {className: "clip-skip-lab-page"}, linkTo(id, texts().open)));
        }
    }

    // --- The list ---------------------------------------------------------------------------------------------

    async function showList() {
        const place = gradioApp().querySelector("#clip_skip_lab_sweeps .clip-skip-lab-sweeps"), words = texts();
        if (!place) return;
        let sweeps = [], problem = "";
        try {
            const response = await fetch(`${ROUTE}?limit=${LISTED}`);
            const answer = await response.json();
            if (response.ok) sweeps = answer.sweeps;
            else problem = answer.detail;
        } catch {
            problem = words.unreachable;
        }
        const again = make("button", {type: "button", textContent: words.refresh, onclick: showList});
        const said = make("p", {className: problem ? "clip-skip-lab-said clip-skip-lab-warning" : "clip-skip-lab-said",
            textContent: problem || (sweeps.length ? "" : words.none)});
        said.setAttribute("role", "status");
        const focused = place.querySelector("button") === document.activeElement;
        place.replaceChildren(make("h3", {textContent: words.title}), ...(sweeps.length ? [table(sweeps, words)] : []), again, said);
        if (focused) again.focus();
    }

    function table(sweeps, words) {
        const heads = [words.sweep, words.made, words.axes, words.cells, words.state];
        const head = make("tr", {}, ...heads.map((text) => make("th", {textContent: text, scope: "col"})));
        return make("table", {}, make("thead", {}, head), make("tbody", {}, ...sweeps.map((sweep) => row(sweep, words))));
    }

    function row(sweep, words) {
        if (sweep.problem) return make("tr", {}, make("th", {scope: "row", textContent: sweep.id}),
            make("td", {colSpan: 4, textContent: sweep.problem, className: "clip-skip-lab-said"}));
        const name = make("th", {scope: "row"}, linkTo(sweep.id, sweep.prompt.trim() || words.noPrompt),
            make("br"), make("small", {textContent: sweep.id}));
        const state = [words.states[sweep.state] ?? sweep.state, sweep.draft && words.draft].filter(Boolean).join(", ");
        const axes = sweep.axes.map((axis) => `${axis.name} × ${axis.values}`).join(", ");
        const cells = [timeOf(sweep.created), axes, words.of(sweep.done, sweep.cells), state].map((text) => make("td", {textContent: text}));
        return make("tr", {}, name, ...cells);
    }

    function timeOf(created) {
        const time = new Date(created);
        if (Number.isNaN(time.getTime())) return created;
        return new Intl.DateTimeFormat(clipSkipLab.language(), {dateStyle: "medium", timeStyle: "short"}).format(time);
    }

    onAfterUiUpdate(addLinks);
    onUiTabChange(() => get_uiCurrentTabContent()?.id === TAB && showList());
})();
