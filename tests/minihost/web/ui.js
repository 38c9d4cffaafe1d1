// The page's own behaviour: generating, progress, galleries, tabs. Mirrors javascript/*.js of the real host in part.

// Galleries

function all_gallery_buttons() {
    const shown = '[style="display: block;"].tabitem div[id$=_gallery].gradio-gallery .thumbnails > .thumbnail-item';
    return [...gradioApp().querySelectorAll(`${shown}.thumbnail-small`)].filter((x) => x.parentElement.offsetParent);
}

function selected_gallery_button() {
    return all_gallery_buttons().find((x) => x.classList.contains("selected")) ?? null;
}

function selected_gallery_index() {
    return all_gallery_buttons().findIndex((x) => x.classList.contains("selected"));
}

function extract_image_from_gallery(gallery) {
    if (gallery.length < 2) return [gallery[0] ?? null];
    return [gallery[selected_gallery_index()] ?? gallery[0]];
}

onUiLoaded(() => {
    for (const tab of ["txt2img", "img2img"]) {
        // The text under the gallery is that of the picture one looks at.
        const ask = () => gradioApp().getElementById(`${tab}_generation_info_button`).click();
        const gallery = gradioApp().getElementById(`${tab}_gallery`);
        gallery?.addEventListener("click", ask);
        gallery?.addEventListener("keydown", (event) => {
            if (["ArrowLeft", "ArrowRight"].includes(event.key)) ask();
        });
    }
});

// Tabs. These are called by buttons of gradio, which wants the arguments back.

function switchToTab(id) {
    const tabs = [...gradioApp().querySelectorAll("#tabs > .tabitem[id^=tab_]")];
    gradioApp().querySelectorAll("#tabs > .tab-nav > button")[tabs.findIndex((x) => x.id === id)]?.click();
}

function switch_to_txt2img() {
    switchToTab("tab_txt2img");
    return Array.from(arguments);
}

function switch_to_img2img_tab(no) {
    switchToTab("tab_img2img");
    gradioApp().querySelectorAll("#mode_img2img > .tab-nav > button")[no].click();
}

function switch_to_img2img() {
    switch_to_img2img_tab(0);
    return Array.from(arguments);
}

function switch_to_inpaint() {
    switch_to_img2img_tab(1);
    return Array.from(arguments);
}

function get_tab_index(tabId) {
    const buttons = [...gradioApp().querySelectorAll(`#${tabId} > .tab-nav > button`)];
    return Math.max(0, buttons.findIndex((x) => x.classList.contains("selected")));
}

// Generating

function setSubmitButtonsVisibility(tabname, showInterrupt, showSkip, showInterrupting) {
    const states = {interrupt: showInterrupt, skip: showSkip, interrupting: showInterrupting};
    for (const [name, show] of Object.entries(states)) {
        gradioApp().getElementById(`${tabname}_${name}`).style.display = show ? "block" : "none";
    }
}

function showSubmitButtons(tabname, show) {
    setSubmitButtonsVisibility(tabname, !show, !show, false);
}

function showSubmitInterruptingPlaceholder(tabname) {
    setSubmitButtonsVisibility(tabname, false, true, true);
}

function showRestoreProgressButton(tabname, show) {
    const button = gradioApp().getElementById(`${tabname}_restore_progress`);
    button?.style.setProperty("display", show ? "flex" : "none", "important");
}

// Gradio sends the last outputs along; the gallery of them is large and not wanted.
function create_submit_args(args) {
    const values = Array.from(args);
    if (Array.isArray(values[values.length - 3])) values[values.length - 3] = null;
    return values;
}

function randomId() {
    const part = () => Math.random().toString(36).slice(2, 7);
    return `task(${part()}${part()}${part()})`;
}

function watchTask(tab, id, atEnd, inactivityTimeout) {
    requestProgress(id, gradioApp().getElementById(`${tab}_gallery_container`),
        gradioApp().getElementById(`${tab}_gallery`), () => {
            showSubmitButtons(tab, true);
            atEnd();
        }, null, inactivityTimeout);
}

function startTask(tab) {
    const id = randomId();
    showSubmitButtons(tab, false);
    localSet(`${tab}_task_id`, id);
    watchTask(tab, id, () => {
        localRemove(`${tab}_task_id`);
        showRestoreProgressButton(tab, false);
    });
    return id;
}

function submit() {
    const values = create_submit_args(arguments);
    values[0] = startTask("txt2img");
    return values;
}

// The number of the mode on the real host, which has more tabs.
const IMG2IMG_MODES = [0, 2, 4];

function submit_img2img() {
    const values = create_submit_args(arguments);
    values[0] = startTask("img2img");
    values[1] = IMG2IMG_MODES[get_tab_index("mode_img2img")];
    return values;
}

// After the page was loaded again while something was being made.
function restoreTask(tab) {
    const id = localGet(`${tab}_task_id`);
    showRestoreProgressButton(tab, false);
    if (id) {
        showSubmitInterruptingPlaceholder(tab);
        watchTask(tab, id, () => {}, 0);
    }
    return id;
}

function restoreProgressTxt2img() {
    return restoreTask("txt2img");
}

function restoreProgressImg2img() {
    return restoreTask("img2img");
}

onUiLoaded(() => {
    for (const tab of ["txt2img", "img2img"]) showRestoreProgressButton(tab, localGet(`${tab}_task_id`));
});

// Progress

function formatTime(secs) {
    const two = (x) => String(Math.floor(x)).padStart(2, "0");
    if (secs > 3600) return `${two(secs / 3600)}:${two(secs / 60 % 60)}:${two(secs % 60)}`;
    return secs > 60 ? `${two(secs / 60)}:${two(secs % 60)}` : `${Math.floor(secs)}s`;
}

var originalAppTitle = undefined;
onUiLoaded(() => {
    originalAppTitle = document.title;
});

function setTitle(progress) {
    const text = progress ? `[${progress.trim()}] ` : "";
    document.title = text + originalAppTitle;
}

// A bar above the container and a preview in the gallery, until the task is over.
function requestProgress(id_task, progressbarContainer, gallery, atEnd, onProgress, inactivityTimeout = 40) {
    const began = Date.now();
    const PERIOD = 1000;
    const bar = document.createElement("div");
    const inner = document.createElement("div");
    let over = false, wasActive = false, preview = null;
    bar.className = "progressDiv";
    inner.className = "progress";
    bar.appendChild(inner);
    progressbarContainer.parentNode.insertBefore(bar, progressbarContainer);

    const end = () => {
        if (over) return;
        over = true;
        setTitle("");
        bar.remove();
        preview?.remove();
        atEnd();
    };

    const show = (state) => {
        const percent = (state.progress || 0) * 100;
        let text = percent > 0 ? `${percent.toFixed(0)}%` : "";
        if (state.eta) text += ` ETA: ${formatTime(state.eta)}`;
        setTitle(text);
        if (state.textinfo && !state.textinfo.includes("\n")) text = `${state.textinfo} ${text}`;
        inner.style.width = `${percent}%`;
        inner.style.background = percent ? "" : "transparent";
        inner.textContent = text;
        inner.title = text;
    };

    const askState = () => request("./internal/progress", {id_task, live_preview: false}, (state) => {
        const idle = !state.queued && !state.active && (Date.now() - began) / 1000 > inactivityTimeout;
        if (state.completed || idle || (wasActive && !state.active)) return end();
        wasActive ||= state.active;
        show(state);
        onProgress?.(state);
        setTimeout(askState, PERIOD);
    }, end);

    const askPreview = (id_live_preview) => request("./internal/progress", {id_task, id_live_preview}, (state) => {
        if (over) return;
        if (state.live_preview) {
            if (!preview) {
                preview = document.createElement("div");
                preview.className = "livePreview";
                gallery.insertBefore(preview, gallery.firstElementChild);
            }
            const image = new Image();
            image.onload = () => preview.replaceChildren(image);
            image.src = state.live_preview;
        }
        setTimeout(() => askPreview(state.id_live_preview), PERIOD);
    }, end);

    askState();
    if (gallery) askPreview(0);
}

function restart_reload() {
    document.body.style.backgroundColor = "var(--background-fill-primary)";
    document.body.innerHTML = '<h1 class="reloading">Reloading…</h1>';
    const ping = () => requestGet("./internal/ping", {}, () => location.reload(), () => setTimeout(ping, 500));
    setTimeout(ping, 2000);
    return [];
}

// Fields

function confirm_clear_prompt(prompt, negative_prompt) {
    return confirm("Delete prompt?") ? ["", ""] : [prompt, negative_prompt];
}

function setRandomSeed(elem_id) {
    const input = gradioApp().querySelector(`#${elem_id} input`);
    if (input) {
        input.value = "-1";
        updateInput(input);
    }
    return [];
}

function switchWidthHeight(tabname) {
    const [width, height] = ["width", "height"].map(
        (x) => gradioApp().querySelector(`#${tabname}_${x} input[type=number]`));
    [width.value, height.value] = [height.value, width.value];
    [width, height].forEach(updateInput);
    return [];
}

// An accordion whose being open is a value: the hidden checkbox follows the visible one and the reverse.

function inputAccordionChecked(id, checked) {
    const accordion = gradioApp().getElementById(id);
    accordion.visibleCheckbox.checked = checked;
    accordion.onVisibleCheckboxChange();
}

function setupAccordion(accordion) {
    const label = accordion.querySelector(".label-wrap");
    const hidden = gradioApp().querySelector(`#${accordion.id}-checkbox input`);
    const extra = gradioApp().getElementById(`${accordion.id}-extra`);
    const visible = document.createElement("input");
    const isOpen = () => label.classList.contains("open");
    let linked = true; // until the user ticks it by hand, opening is ticking

    visible.type = "checkbox";
    visible.id = `${accordion.id}-visible-checkbox`;
    visible.className = `${hidden.className} input-accordion-checkbox`;
    visible.checked = isOpen();
    label.querySelector("span").prepend(visible);
    if (extra) label.insertBefore(extra, label.lastElementChild);

    accordion.visibleCheckbox = visible;
    accordion.onVisibleCheckboxChange = () => {
        if (linked && isOpen() !== visible.checked) label.click();
        hidden.checked = visible.checked;
        updateInput(hidden);
    };
    accordion.onChecked = (checked) => {
        if (isOpen() !== checked) label.click();
    };
    visible.addEventListener("click", (event) => {
        linked = false;
        event.stopPropagation();
    });
    visible.addEventListener("input", accordion.onVisibleCheckboxChange);
    new MutationObserver(() => {
        accordion.classList.toggle("input-accordion-open", isOpen());
        if (linked) {
            visible.checked = isOpen();
            accordion.onVisibleCheckboxChange();
        }
    }).observe(label, {attributes: true, attributeFilter: ["class"]});
}

onUiLoaded(() => gradioApp().querySelectorAll(".input-accordion").forEach(setupAccordion));

// Token counters

let promptTokenCountUpdateFunctions = {};
const COUNTED = ["txt2img", "img2img"].flatMap((tab) => [
    [`${tab}_prompt`, `${tab}_token_counter`, `${tab}_token_button`],
    [`${tab}_neg_prompt`, `${tab}_negative_token_counter`, `${tab}_negative_token_button`],
]);

function recount(tab) {
    for (const id of [`${tab}_prompt`, `${tab}_neg_prompt`]) promptTokenCountUpdateFunctions[id]?.();
}

function update_txt2img_tokens(...args) {
    recount("txt2img");
    return args.length === 2 ? args[0] : args;
}

function update_img2img_tokens(...args) {
    recount("img2img");
    return args.length === 2 ? args[0] : args;
}

function recalculate_prompts_txt2img() {
    recount("txt2img");
    return Array.from(arguments);
}

function recalculate_prompts_img2img() {
    recount("img2img");
    return Array.from(arguments);
}

function recalculate_prompts_inpaint() {
    recount("img2img");
    return Array.from(arguments);
}

onUiLoaded(() => {
    for (const [id, counterId, buttonId] of COUNTED) {
        const prompt = gradioApp().getElementById(id);
        const counter = gradioApp().getElementById(counterId);
        prompt.parentElement.insertBefore(counter, prompt);
        prompt.parentElement.style.position = "relative";
        promptTokenCountUpdateFunctions[id] = onEdit(id, prompt.querySelector("textarea"), 800,
            () => gradioApp().getElementById(buttonId).click());
    }
});

onOptionsChanged(() => {
    for (const [, counterId] of COUNTED) {
        const counter = gradioApp().getElementById(counterId);
        counter.style.display = "block";
        counter.classList.add("token-counter-visible");
    }
    const checkpoint = gradioApp().getElementById("sd_checkpoint_hash");
    if (checkpoint) checkpoint.textContent = (opts.sd_checkpoint_hash || "").substring(0, 10) || "N/A";
});

// Explanations of settings stand after their labels.
onOptionsAvailable(() => {
    for (const [where, position] of [["_comments_before", "beforebegin"], ["_comments_after", "afterend"]]) {
        for (const [key, comment] of Object.entries(opts[where])) {
            const label = comment && gradioApp().querySelector(`#setting_${key} label > span, #setting_${key} > span`);
            if (label) label.insertAdjacentHTML(position, `<span class="settings-comment">${comment}</span>`);
        }
    }
});
