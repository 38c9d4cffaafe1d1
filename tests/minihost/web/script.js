// What scripts of extensions rely on: the page's root, its tabs, and callbacks. Mirrors script.js of the real host.

function gradioApp() {
    const app = document.getElementsByTagName("gradio-app")[0];
    if (!app) return document;
    app.getElementById = (id) => document.getElementById(id);
    return app.shadowRoot || app;
}

function get_uiCurrentTab() {
    return gradioApp().querySelector("#tabs > .tab-nav > button.selected");
}

function get_uiCurrentTabContent() {
    return gradioApp().querySelector('#tabs > .tabitem[id^=tab_]:not([style*="display: none"])');
}

var uiUpdateCallbacks = [];
var uiAfterUpdateCallbacks = [];
var uiLoadedCallbacks = [];
var uiTabChangeCallbacks = [];
var optionsChangedCallbacks = [];
var optionsAvailableCallbacks = [];
var uiAfterUpdateTimeout = null;
var uiCurrentTab = null;
var executedOnLoaded = false;

// Each change of the page; the callback gets the mutation records.
function onUiUpdate(callback) {
    uiUpdateCallbacks.push(callback);
}

// A moment after the last of a row of changes.
function onAfterUiUpdate(callback) {
    uiAfterUpdateCallbacks.push(callback);
}

// Once, when the prompt is there.
function onUiLoaded(callback) {
    uiLoadedCallbacks.push(callback);
}

function onUiTabChange(callback) {
    uiTabChangeCallbacks.push(callback);
}

// When `opts` was read, and each time a setting was applied.
function onOptionsChanged(callback) {
    optionsChangedCallbacks.push(callback);
}

// Once, at once when `opts` is there already.
function onOptionsAvailable(callback) {
    if (Object.keys(opts).length) callback();
    else optionsAvailableCallbacks.push(callback);
}

// A callback's error must not stop the others.
function executeCallbacks(queue, arg) {
    for (const callback of queue) {
        try {
            callback(arg);
        } catch (error) {
            console.error("error running callback", callback, ":", error);
        }
    }
}

function scheduleAfterUiUpdateCallbacks() {
    clearTimeout(uiAfterUpdateTimeout);
    uiAfterUpdateTimeout = setTimeout(() => executeCallbacks(uiAfterUpdateCallbacks), 200);
}

document.addEventListener("DOMContentLoaded", () => {
    const observer = new MutationObserver((mutations) => {
        if (!executedOnLoaded && gradioApp().querySelector("#txt2img_prompt")) {
            executedOnLoaded = true;
            executeCallbacks(uiLoadedCallbacks);
        }
        executeCallbacks(uiUpdateCallbacks, mutations);
        scheduleAfterUiUpdateCallbacks();
        const tab = get_uiCurrentTab();
        if (tab && tab !== uiCurrentTab) {
            uiCurrentTab = tab;
            executeCallbacks(uiTabChangeCallbacks);
        }
    });
    observer.observe(gradioApp(), {childList: true, subtree: true});
});

// Ctrl+Enter generates (again), Alt+Enter skips, Escape interrupts.
document.addEventListener("keydown", (event) => {
    const tab = get_uiCurrentTabContent();
    const [generate, interrupt, skip] = ["generate", "interrupt", "skip"].map(
        (name) => tab?.querySelector(`button[id$=_${name}]`));
    if (!generate) return;
    const running = interrupt.style.display === "block";
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        if (running) {
            interrupt.click();
            const observer = new MutationObserver(() => {
                if (interrupt.style.display !== "none") return;
                observer.disconnect();
                generate.click();
            });
            observer.observe(interrupt, {attributes: true, attributeFilter: ["style"]});
        } else {
            generate.click();
        }
        event.preventDefault();
    } else if (event.key === "Enter" && event.altKey) {
        skip.click();
        event.preventDefault();
    } else if (event.key === "Escape" && running) {
        interrupt.click();
        event.preventDefault();
    }
});

// Small helpers that several scripts use.

// Gradio learns of a value set by a script only through this.
function updateInput(target) {
    const event = new Event("input", {bubbles: true});
    Object.defineProperty(event, "target", {value: target});
    target.dispatchEvent(event);
}

var onEditTimers = {};

function onEdit(editId, element, afterMs, func) {
    const edited = () => {
        clearTimeout(onEditTimers[editId]);
        onEditTimers[editId] = setTimeout(func, afterMs);
    };
    element.addEventListener("input", edited);
    return edited;
}

function request(url, data, handler, errorHandler) {
    fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(data)})
        .then((response) => response.ok ? response.json() : Promise.reject(new Error(response.status)))
        .then(handler, errorHandler);
}

function requestGet(url, data, handler, errorHandler) {
    const query = new URLSearchParams(data).toString();
    fetch(query ? `${url}?${query}` : url)
        .then((response) => response.ok ? response.json() : Promise.reject(new Error(response.status)))
        .then(handler, errorHandler);
}

// The settings, read from a hidden field which gradio fills after each change.

var opts = {};

onAfterUiUpdate(() => {
    const holder = gradioApp().getElementById("settings_json");
    if (Object.keys(opts).length || !holder) return;
    const field = holder.querySelector("textarea");
    if (!field.value) return;
    const plain = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    opts = JSON.parse(field.value);
    executeCallbacks(optionsAvailableCallbacks);
    executeCallbacks(optionsChangedCallbacks);
    Object.defineProperty(field, "value", {
        get: () => plain.get.call(field),
        set: (value) => {
            const changed = plain.get.call(field) !== value;
            plain.set.call(field, value);
            if (changed) opts = JSON.parse(value);
            executeCallbacks(optionsChangedCallbacks);
        },
    });
    holder.parentElement.style.display = "none";
});

// Texts of the page in another language: whole texts, titles and placeholders that are in the file.

function translateNode(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = root.nodeType === 3 ? root : walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement?.nodeName;
        const translated = localization[node.textContent.trim()];
        if (translated !== undefined && !["SCRIPT", "STYLE", "TEXTAREA"].includes(parent)) {
            node.textContent = translated;
        }
        if (node === root) break;
    }
    if (root.nodeType !== 1) return;
    for (const element of [root, ...root.querySelectorAll("[title], [placeholder]")]) {
        for (const name of ["title", "placeholder"]) {
            const translated = localization[element.getAttribute(name)?.trim()];
            if (translated !== undefined) element.setAttribute(name, translated);
        }
    }
}

if (Object.keys(window.localization || {}).length) {
    onUiUpdate((mutations) => mutations.forEach((mutation) => mutation.addedNodes.forEach(translateNode)));
    onUiLoaded(() => translateNode(document.body));
}

onUiLoaded(() => {
    for (const {id, props, webui_tooltip: tip} of window.gradio_config.components) {
        if (!tip) continue;
        const element = gradioApp().getElementById(props.elem_id || `component-${id}`);
        if (element) element.title = window.localization?.[tip] ?? tip;
    }
});
