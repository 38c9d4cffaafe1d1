// Making elements. Whatever comes from a sweep gets into the page as text or as a property, never as markup.

function $(id) {
    return document.getElementById(id);
}

// `options` are properties where the element has them, attributes otherwise; `text`, and `on` for listeners.
function make(tag, options = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
        if (value === undefined || value === null) continue;
        if (name === "text") made.textContent = value;
        else if (name === "on") Object.entries(value).forEach(([event, act]) => made.addEventListener(event, act));
        else if (name in made && !name.includes("-")) made[name] = value;
        else if (value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return made;
}

function button(text, act, options = {}) {
    return make("button", {type: "button", text, on: {click: act}, ...options});
}

// A field with its name: the name is the control's for a screen reader, too.
function field(name, control, ...more) {
    return make("label", {className: "field"}, make("span", {className: "name", text: name}), control, ...more);
}

function choice(name, options, chosen, act, more = {}) {
    const select = make("select", {on: {change: (event) => act(event.target.value)}, ...more});
    for (const [value, text] of options) select.append(make("option", {value, text}));
    select.value = chosen;
    return field(name, select);
}

// Replaces what an element holds and keeps the keyboard's place in it, by the elements' `data-key`.
function refill(element, ...children) {
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    element.replaceChildren(...children.flat().filter(Boolean));
    if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
}

let sayTimer = null;

// Tells everybody, screen readers included, what just happened.
function say(text) {
    const said = $("said");
    (document.querySelector("dialog[open]") ?? document.body).append(said); // what is outside of a dialog is inert
    said.textContent = text;
    said.classList.add("shown");
    clearTimeout(sayTimer);
    sayTimer = setTimeout(() => said.classList.remove("shown"), 4000);
}

async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch { // no permission, or an address that the browser does not call secure
        const area = make("textarea", {value: text, className: "off-screen"});
        const focused = document.activeElement;
        (document.querySelector("dialog[open]") ?? document.body).append(area);
        area.select();
        const copied = document.execCommand("copy");
        area.remove();
        focused?.focus();
        if (!copied) return say(t("The browser did not let this page copy."));
    }
    say(t("Copied."));
}

function download(blob, name) {
    const link = make("a", {href: URL.createObjectURL(blob), download: name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(t("Saved as {name}.", {name}));
}

function clamp(value, low, high) {
    return Math.min(Math.max(value, low), high);
}
