// What the page's scripts have in common.
window.clipSkipLab = {
    // Whether the host has gradio 4, which gives each number on its way to the host, where gradio 3 waits for its release.
    get isGradio4() {
        return Boolean(window.gradio_config?.version?.startsWith("4"));
    },

    language: "en", // once `words` are there: that of the host's localization where one is chosen, else the browser's
    translations: {},

    // An English text in the user's language, with its {places} filled. The text is a literal, so that it can be found.
    say(text, parts = {}) {
        const shown = (part) => typeof part === "number" ? part.toLocaleString(clipSkipLab.language) : part;
        return (clipSkipLab.translations[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => shown(parts[name]));
    },

    // Calls back once the page has the options, and maybe again: Forge Classic tells of changes only, of the first one too.
    onOptions(callback) {
        if (typeof onOptionsAvailable === "function") onOptionsAvailable(callback);
        else if (Object.keys(opts).length) callback();
        else onOptionsChanged(callback);
    },

    // The control for clip skip in the header, or null: that of a list of options, or the host's own with the same id.
    header() {
        const slider = gradioApp().querySelector("#quicksettings #setting_CLIP_stop_at_last_layers");
        return slider?.querySelector("input[type=number]") ? slider : null;
    },

    // Its number field, or null.
    headerNumber() {
        return clipSkipLab.header()?.querySelector("input[type=number]") ?? null;
    },

    // Calls back when the header's slider gets another value, whoever gives it: gradio 4, where a preset of the host's
    // does, paints it anew then.
    onHeaderChange(callback) {
        const range = clipSkipLab.header()?.querySelector("input[type=range]");
        if (range) new MutationObserver(() => callback()).observe(range, {attributeFilter: ["style"]});
    },

    // The clip skip among a tab's "Override settings", where the host puts a pasted one and it wins over the header.
    override(tab) {
        const chosen = gradioApp().querySelector(`#${tab}_override_settings`);
        for (const token of chosen ? chosen.querySelectorAll(".token") : []) {
            const found = /^\s*Clip skip:\s*(\d+)/.exec(token.textContent);
            if (found) return Number(found[1]);
        }
        return null;
    },

    // An element with these properties, and with what is in it.
    make(tag, properties = {}, ...children) {
        const made = Object.assign(document.createElement(tag), properties);
        made.append(...children);
        return made;
    },

    // What one of the extension's routes answers. Throws `clipSkipLabBring.Refused` with the sentence, and `gone` where
    // there is no such thing.
    async request(path, method = "GET", body = undefined) {
        const {Refused} = clipSkipLabBring;
        let response, answer;
        try {
            const headers = body ? {"Content-Type": "application/json"} : {};
            const lang = `${path.includes("?") ? "&" : "?"}lang=${clipSkipLab.language}`;
            response = await fetch(`./clip-skip-lab/v1${path}${lang}`, {method, headers, body: body && JSON.stringify(body)});
            answer = await response.json();
        } catch {
            throw new Refused(clipSkipLab.say("The WebUI does not answer."));
        }
        if (!response.ok) throw Object.assign(new Refused(answer.detail), {gone: response.status === 404});
        return answer;
    },

    // By tab, what the host tells of what the gallery shows: infotexts, and what we say of a sweep.
    inGallery: {},

    // What is called when a gallery shows something else.
    galleryCallbacks: [],

    // What weights have answered since the page was opened; with it, notes and advice change.
    answered() {
        return gradioApp().querySelector("#clip_skip_lab_trained_answer [role=status]")?.textContent ?? "";
    },

    // "txt2img", "img2img" or the name of another tab: the one that is shown.
    tab() {
        return get_uiCurrentTabContent()?.id.replace(/^tab_/, "") ?? null;
    },

    // What the panel "Finer clip skip" of a tab asks, with the keys of the API, or null while it is off or asks nothing.
    // Its value wins over the header and over the override settings.
    panel(tab) {
        const part = (name) => gradioApp().querySelector(`#script_${tab}_clip_skip_lab_clip_skip_lab_${name}`);
        const ticked = (name) => Boolean(part(name)?.querySelector("input[type=checkbox]")?.checked);
        if (!ticked("finer-checkbox")) return null;
        const asked = {};
        const fields = {
            clip_skip: "value", negative_clip_skip: "negative",
            sdxl_clip_l_skip: "sdxl_clip_l", sdxl_big_g_skip: "sdxl_big_g",
        };
        for (const [key, name] of Object.entries(fields)) {
            const typed = part(name)?.querySelector("textarea, input")?.value.trim();
            if (typed && typed.toLowerCase() !== "same") asked[key] = typed;
        }
        if (ticked("every_model")) asked.every_model = "true";
        return Object.keys(asked).length ? asked : null;
    },
};

// To be awaited before anything is said. Without an answer (signed out, a WebUI that restarts) it is said in English.
clipSkipLab.words = (async () => {
    try {
        const asking = new URLSearchParams({browser: navigator.language});
        const response = await fetch(`./clip-skip-lab/v1/words?${asking}`);
        if (!response.ok) return;
        const {language, words} = await response.json();
        Object.assign(clipSkipLab, {language, translations: words});
    } catch (error) {
        console.warn("Clip Skip Lab: no words, so English:", error.message);
    }
})();
