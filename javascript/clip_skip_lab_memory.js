// The tab "Clip skip lab": the table of remembered checkpoints. And where clip skip stands on the Settings page and
// not in the header, its control there follows the setting, or "Apply settings" would bring an old value back.
(function () {
    "use strict";

    const KEY = "CLIP_stop_at_last_layers";
    const ROUTE = "./clip-skip-lab/v1/memory";
    const TAB = "tab_clip_skip_lab";

    const TEXTS = {
        en: {
            title: "Clip skip of each checkpoint",
            on: "A checkpoint gets its value when you choose it. Clip skip in the header changes the value of the one " +
                "that is chosen.",
            off: "Nothing is remembered or put back now. To switch it on: Settings, Clip Skip Lab, " +
                "“Remember clip skip for each checkpoint”.",
            none: "No checkpoint is remembered yet.",
            checkpoint: "Checkpoint", value: "Clip skip", actions: "Actions",
            chosen: "chosen now", missing: "file not found",
            valueOf: (name) => `Clip skip of ${name}`,
            forget: "Forget", forgetOf: (name) => `Forget ${name}`,
            forgetAll: "Forget all", sure: (count) => `Forget the clip skip of every checkpoint (${count})?`,
            saved: (name, value) => `${name}: ${value} from the next time it is chosen.`,
            forgotten: (name) => `${name} is forgotten.`, allForgotten: "All are forgotten.",
            damaged: (file) => `The file with the list was damaged. It is kept as ${file}, and the list started empty.`,
            unreachable: "The WebUI does not answer.",
        },
        ja: {
            title: "チェックポイントごとの Clip skip",
            on: "チェックポイントを選ぶと、その値が設定されます。ヘッダーの Clip skip を変えると、" +
                "選択中のチェックポイントの値も変わります。",
            off: "今は記憶も復元もしません。有効にするには: 設定 → Clip Skip Lab →" +
                "「チェックポイントごとに Clip skip を記憶する」。",
            none: "記憶しているチェックポイントはまだありません。",
            checkpoint: "チェックポイント", value: "Clip skip", actions: "操作",
            chosen: "選択中", missing: "ファイルがありません",
            valueOf: (name) => `${name} の Clip skip`,
            forget: "忘れる", forgetOf: (name) => `${name} を忘れる`,
            forgetAll: "すべて忘れる", sure: (count) => `すべて(${count} 個)のチェックポイントの Clip skip を忘れますか?`,
            saved: (name, value) => `${name}: 次に選んだときから ${value} になります。`,
            forgotten: (name) => `${name} を忘れました。`, allForgotten: "すべて忘れました。",
            damaged: (file) => `一覧のファイルが壊れていました。${file} として残し、空の一覧から始めました。`,
            unreachable: "WebUI が応答しません。",
        },
    };

    let texts = TEXTS.en;

    function make(tag, properties = {}, ...children) {
        const made = Object.assign(document.createElement(tag), properties);
        made.append(...children);
        return made;
    }

    // --- The table --------------------------------------------------------------------------------------------

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_memory .clip-skip-lab-memory");
    }

    // Asks, shows the table of the answer, and says `done` or what went wrong. Resolves to whether it went well.
    async function ask(method = "GET", query = "", body = undefined, done = "") {
        let answer = null, problem = "";
        try {
            const headers = {"Content-Type": "application/json"};
            const response = await fetch(ROUTE + query, {method, headers, body: body && JSON.stringify(body)});
            answer = await response.json();
            if (!response.ok) problem = answer.detail;
        } catch {
            problem = texts.unreachable;
        }
        if (!problem) show(answer);
        const damage = answer?.set_aside ? texts.damaged(answer.set_aside) : "";
        say(problem || done || damage, Boolean(problem || (!done && damage)));
        return !problem;
    }

    function parts() {
        const place = home();
        if (!place.querySelector("[role=status]")) {
            const status = make("p", {className: "clip-skip-lab-said"});
            status.setAttribute("role", "status");
            place.replaceChildren(make("div"), status);
        }
        return {content: place.firstElementChild, status: place.querySelector("[role=status]")};
    }

    function say(text, warns) {
        const {status} = parts();
        status.textContent = text;
        status.classList.toggle("clip-skip-lab-warning", warns);
    }

    function show({enabled, checkpoints}) {
        const shown = [make("h3", {textContent: texts.title}), make("p", {textContent: enabled ? texts.on : texts.off})];
        if (checkpoints.length) {
            shown.push(table(checkpoints), button(texts.forgetAll, "", () => forgetAll(checkpoints.length)));
        } else {
            shown.push(make("p", {textContent: texts.none}));
        }
        parts().content.replaceChildren(...shown);
    }

    function table(checkpoints) {
        const heads = [texts.checkpoint, texts.value, texts.actions];
        const head = make("tr", {}, ...heads.map((text) => make("th", {textContent: text, scope: "col"})));
        return make("table", {}, make("thead", {}, head), make("tbody", {}, ...checkpoints.map(row)));
    }

    function row({key, name, sha256, clip_skip: value, chosen, found}) {
        const input = make("input", {type: "number", min: 1, max: 99, step: 1, value});
        input.setAttribute("aria-label", texts.valueOf(name));
        input.addEventListener("change", async () => {
            const given = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null;
            if (await ask("PUT", "", {key, clip_skip: given}, texts.saved(name, given))) focusOn(key, "input");
            else input.value = value;
        });
        const label = make("th", {scope: "row", title: sha256 ?? ""}, name);
        const remarks = [chosen && texts.chosen, !found && texts.missing].filter(Boolean).join(", ");
        if (remarks) label.append(make("small", {textContent: ` (${remarks})`}));
        const forgetIt = button(texts.forget, texts.forgetOf(name), () => forget(key, name));
        const made = make("tr", {}, label, make("td", {}, input), make("td", {}, forgetIt));
        made.dataset.key = key;
        return made;
    }

    function button(text, label, action) {
        const made = make("button", {type: "button", textContent: text});
        if (label) made.setAttribute("aria-label", label);
        made.addEventListener("click", action);
        return made;
    }

    async function forget(key, name) {
        const keys = rows().map((line) => line.dataset.key);
        const next = keys[keys.indexOf(key) + 1] ?? keys[keys.indexOf(key) - 1];
        if (await ask("DELETE", `?${new URLSearchParams({key})}`, undefined, texts.forgotten(name))) focusOn(next, "button");
    }

    async function forgetAll(count) {
        if (confirm(texts.sure(count))) await ask("DELETE", "?everything=true", undefined, texts.allForgotten);
    }

    function rows() {
        return [...home().querySelectorAll("tr[data-key]")];
    }

    // The table is made anew, and the keyboard's place in it would be lost.
    function focusOn(key, tag) {
        rows().find((line) => line.dataset.key === key)?.querySelector(tag).focus();
    }

    function opened() {
        if (!home() || get_uiCurrentTabContent()?.id !== TAB) return;
        texts = TEXTS[clipSkipLab.language()];
        ask();
    }

    // --- The control on the Settings page ---------------------------------------------------------------------

    let lastValue = null;

    function followOnSettings() {
        const value = opts[KEY];
        const number = gradioApp().querySelector(`#settings #setting_${KEY} input[type=number]`);
        // Only what the host has changed since, lest it takes away what the user is typing.
        if (number && lastValue !== null && value !== lastValue && number.valueAsNumber !== value) {
            number.value = value;
            updateInput(number);
        }
        lastValue = value;
    }

    onUiTabChange(opened);
    onOptionsChanged(followOnSettings);
})();
