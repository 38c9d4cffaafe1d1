// What the lens's scripts ask of a WebUI, answered from what was recorded (answers.js: `clipSkipLabRecorded`). It stands
// before those scripts, which are the WebUI's own.
(() => {
    "use strict";

    const {language} = clipSkipLabTry, {shown, words} = clipSkipLabRecorded;
    const started = [];
    let current = shown[0];

    Object.assign(window, {
        opts: {CLIP_stop_at_last_layers: 1},
        gradioApp: () => document,
        get_uiCurrentTabContent: () => document.getElementById("tab_clip_skip_lab"),
        onUiLoaded: (call) => started.push(call),
        onUiTabChange: (call) => started.push(call),
    });

    const ROUTES = {
        "/words": () => ({language, words: words[language] ?? {}}),
        "/running": () => ({sweeps: []}),
        "/model": () => ({model: current.answer.model}),
        "/lens": () => current.answer,
    };

    window.fetch = async (address) => {
        const route = /\/clip-skip-lab\/v1(\/\w+)/.exec(address)?.[1];
        return new Response(JSON.stringify(ROUTES[route]()), {headers: {"Content-Type": "application/json"}});
    };

    // In the place of clip_skip_lab_lens_run.js: the sweep was run already.
    window.clipSkipLabLensRun = {
        async run(wanted, told) {
            told(current.record);
            return current.record;
        },
        interrupt() {},
    };

    // As a person would: the prompt is typed, and "Look" is pressed.
    function choose(next) {
        current = next;
        const home = document.querySelector(".clip-skip-lab-lens");
        home.querySelector("textarea").value = next.prompt;
        home.querySelector(".clip-skip-lab-primary").click();
    }

    document.addEventListener("DOMContentLoaded", async () => {
        for (const call of started) call();
        await clipSkipLab.words;
        const {make} = clipSkipLab, list = document.getElementById("recorded");
        for (const one of shown) {
            const input = make("input", {type: "radio", name: "recorded", checked: one === current, onchange: () => choose(one)});
            list.append(make("label", {}, input, make("b", {textContent: one.title[language]}), ` ${one.prompt} · ${one.answer.model.name}`));
        }
        clipSkipLabLens.onAnswer(() => document.body.classList.toggle("no-images", !current.record));
        clipSkipLabLens.onBuilt(({tools}) => {
            tools.nextElementSibling.querySelector("button").title = ""; // nothing is run here
            choose(current);
        });
    });
})();

// Bringing something into a tab as a person would: an infotext by the prompt and ↙️, a picture by dropping its file.
//
// The host itself reads an infotext, so whatever it knows to bring back comes back, other extensions' fields included.
// The host loads scripts in the order of their names: this one before those that use it.
window.clipSkipLabBring = (function () {
    "use strict";

    const SCRIPT = "Clip skip sweep";
    const REMOVE = ["button[aria-label='Remove Image']", "button[aria-label=Clear]", "[id^=removeButton_]"];
    const LONGEST_WAIT = 20000, SETTLES_WITHIN = 2000, LOOK_EVERY = 50; // ms

    // What could not be done, in words for the user.
    class Refused extends Error {}

    function find(css) {
        return gradioApp().querySelector(css);
    }

    const asleep = new Set(); // what ends the pauses that are under way

    function pause() {
        return new Promise((done) => {
            asleep.add(done);
            setTimeout(done, LOOK_EVERY);
        });
    }

    async function until(condition, otherwise, longest = LONGEST_WAIT) {
        const end = Date.now() + longest;
        while (!condition()) {
            if (Date.now() > end) throw new Refused(otherwise);
            await pause();
        }
    }

    // Has what waits look again at once. The timers of a tab that nobody sees run once in a minute.
    function wake() {
        for (const done of asleep) done();
        asleep.clear();
    }

    function fill(field, value) {
        field.value = value;
        updateInput(field);
    }

    // Waits until the host has taken it over: the prompt has changed, and `taken` holds.
    async function infotext(tab, text, taken = () => true) {
        const prompt = find(`#${tab}_prompt textarea`);
        fill(prompt, text);
        find(`#${tab}_tools #paste`).click();
        await until(() => prompt.value !== text && taken(),
            clipSkipLab.say("The WebUI did not read the image's parameters; nothing was started."));
        await settled(tab, text);
    }

    // gradio 4 shows what it took over one field after another. Not for ever: the user may have excluded one from pasting.
    async function settled(tab, text) {
        const told = (pattern) => [...text.matchAll(pattern)].at(-1) ?? [];
        const [, seed] = told(/\bSeed: (\d+)/g), [, width, height] = told(/\bSize: (\d+)x(\d+)/g);
        const shows = ([name, value]) => value === undefined || (find(`#${tab}_${name} input`)?.value ?? value) === value;
        const end = Date.now() + SETTLES_WITHIN;
        while (!Object.entries({seed, width, height}).every(shows) && Date.now() < end) await pause();
    }

    // Throws `Refused` while the tab generates.
    function checkIdle(tab) {
        const stops = ["interrupt", "interrupting"].map((part) => find(`#${tab}_${part}`));
        if (!stops.some((stop) => stop?.style.display === "block")) return;
        throw new Refused(clipSkipLab.say("{tab} is generating. Try again when it is done.", {tab}));
    }

    // An infotext with further keys: later ones win over earlier ones.
    function withKeys(infotext, keys) {
        return [infotext.trimEnd(), ...Object.entries(keys).map(([key, value]) => `${key}: ${value}`)].join(", ");
    }

    function script(tab) {
        return find(`#${tab}_script_container #script_list input`)?.value;
    }

    // An infotext for one picture and not for as many as the tab makes; where no script is named, none is chosen then.
    async function onePicture(tab, text, keys = {}, taken = () => script(tab) === "None") {
        fill(find(`#${tab}_batch_count input[type=number]`), 1);
        await infotext(tab, withKeys(text, {...keys, "Batch size": 1}), taken);
    }

    // The script "Clip skip sweep" with these values, and everything else as the infotext has it. The header's own clip
    // skip, because the picture's would stay behind among the override settings.
    async function sweep(tab, text, values, size = {}) {
        const shown = () => find(`#${tab}_script_container [id$=clip_skip_lab_values] :is(input, textarea)`)?.value;
        await onePicture(tab, text, {
            ...size,
            "Clip skip": Math.round(clipSkipLab.headerNumber()?.valueAsNumber || opts.CLIP_stop_at_last_layers),
            Script: SCRIPT,
            clip_skip_lab_values: /[,:\n]/.test(values) ? JSON.stringify(values) : values, // quoted as the host quotes
        }, () => script(tab) === SCRIPT && shown() === values);
    }

    // Shows a tab of the host's.
    function goTo(tab) {
        const tabs = [...gradioApp().querySelectorAll("#tabs > .tabitem[id^=tab_]")];
        gradioApp().querySelectorAll("#tabs > .tab-nav > button")[tabs.findIndex(({id}) => id === `tab_${tab}`)].click();
    }

    // Above the line of the sweep's panel that says what will run, until Generate is pressed.
    function sayIn(tab, text, ...more) {
        const forecast = find(`#${tab}_script_container [id$=clip_skip_lab_forecast]`);
        let line = find(`#clip_skip_lab_brought_${tab}`);
        if (!line) {
            line = clipSkipLab.make("p", {id: `clip_skip_lab_brought_${tab}`, className: "clip-skip-lab-said"});
            line.setAttribute("role", "status");
            forecast.before(line);
            find(`#${tab}_generate`).addEventListener("click", () => sayIn(tab, ""));
        }
        line.hidden = !text;
        line.replaceChildren(text, ...more);
        return "";
    }

    // As if the file were dropped there; the host's own buttons also bring the page's settings, at any time later.
    // Forge's field is none of gradio's: its image is always there, without a source while it is empty.
    // Returns the image, loaded.
    async function picture(box, address, otherwise = null) {
        const unsent = otherwise ?? clipSkipLab.say("The image could not be sent to img2img; nothing was started.");
        const blob = await (await fetch(address)).blob();
        if (find(`${box} img`)?.naturalWidth) REMOVE.map((button) => find(`${box} ${button}`)).find(Boolean)?.click();
        await until(() => find(`${box} input[type=file]`) && !find(`${box} img`)?.naturalWidth, unsent);
        const dropped = new DataTransfer();
        dropped.items.add(new File([blob], "picture.png", {type: blob.type}));
        const input = find(`${box} input[type=file]`);
        input.files = dropped.files;
        input.dispatchEvent(new Event("change"));
        await until(() => find(`${box} img`)?.naturalWidth, unsent);
        return find(`${box} img`);
    }

    return {Refused, find, until, wake, fill, checkIdle, withKeys, infotext, onePicture, sweep, picture, goTo, sayIn};
})();

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

// The prompt lens, in the tab "Clip skip sweeps": what a prompt becomes in each layer of the text encoder, where clip skip
// stops, and what that costs each word. It asks POST ./clip-skip-lab/v1/lens once; all that moves with the slider is
// worked out from that answer.
//
// `clipSkipLabLens`, what the lens's scripts share and others may use:
//   answer               what is shown, or null: the route's answer and `asked`, the request that it answers
//   clipSkip, other      the slider's value, and the one that it is compared with
//   onAnswer(call)       calls back with each new answer
//   onValue(call)        calls back with (clipSkip, other) when either changes, and after each new answer
//   onBuilt(call)        calls back once with {tools, results}: the line of buttons beside "Look", and the element that all
//                        views stand in, as soon as the tab was shown for the first time
//   show(answer)         shows an answer; move(clipSkip), compareWith(other)  set a value, clamped to what there is
//   ask(request)         resolves to an answer with `asked`, changes nothing; throws clipSkipLabBring.Refused
//   negativeOf(answer)   the negative prompt's part in the form of an answer (encoders, asked.prompt), or null
//   numbers              pure functions on an answer's numbers, see clip_skip_lab_lens_answer.js
//   colours              of values: see there
//   views                functions view(answer, clipSkip, container, choices?) that draw into an empty element, know
//                        nothing but what they are given, so that two can stand side by side, and return
//                        {move(clipSkip, other), …}: brings what was drawn to other values, within a frame
//     views.figure       prompt → tokens → layers → stop → UNet, as SVG; choices {onClipSkip(value)}; also {svg, redraw()}
//     views.heatmap      tokens × layers; choices {onClipSkip(value)}
//     views.compared     how far two values are apart; choices {other, onOther(value)}
//     views.likeness     token × token at the layer in use
//     views.mixing       which words mix; choices {onAsk()}, called where the answer has no mixing yet
//   over                 functions over(answer) → {element, lay({encoder, side, width, left})}: what stands over the columns
//                        of a heatmap of that answer, laid out each time that is drawn; sizes in px
window.clipSkipLabLens = (function () {
    "use strict";

    const HIGHEST = 12; // until an answer says what the model has
    const calls = {answer: [], value: [], built: []};
    let answer = null, clipSkip = 1, other = 1, built = null;

    function tell(kind, ...given) {
        for (const call of calls[kind]) call(...given);
    }

    function clamped(value) {
        return Math.min(Math.max(Math.round(value) || 1, 1), answer?.highest ?? HIGHEST);
    }

    function set(nextClipSkip, nextOther) {
        const before = [clipSkip, other];
        [clipSkip, other] = [clamped(nextClipSkip), clamped(nextOther)];
        if (before[0] !== clipSkip || before[1] !== other) tell("value", clipSkip, other);
    }

    function show(next) {
        answer = next;
        clipSkip = clamped(next.clip_skip);
        other = clamped(next.other_clip_skip ?? other);
        tell("answer", answer);
        tell("value", clipSkip, other);
    }

    async function ask(asked) {
        return {...await clipSkipLab.request("/lens", "POST", asked), asked};
    }

    function negativeOf(one) {
        if (!one.negative) return null;
        return {...one, encoders: one.negative.encoders, asked: {...one.asked, prompt: one.asked.negative_prompt}};
    }

    return {
        HIGHEST,
        get answer() { return answer; },
        get clipSkip() { return clipSkip; },
        get other() { return other; },
        onAnswer: (call) => calls.answer.push(call),
        onValue: (call) => calls.value.push(call),
        onBuilt: (call) => built ? call(built) : calls.built.push(call),
        built(parts) {
            built = parts;
            tell("built", parts);
        },
        show, ask, negativeOf,
        move: (value) => set(value, other),
        compareWith: (value) => set(clipSkip, value),
        views: {}, over: [],
    };
})();

// The lens's numbers: what follows from an answer's, without the page. Layers are counted as people do: 0 are the token
// embeddings, 1 is the first layer.
clipSkipLabLens.numbers = (function () {
    "use strict";

    // The layer whose state the UNet gets at a clip skip.
    function layerOf(encoder, clipSkip) {
        if (!encoder.honoured) return encoder.layer;
        return Math.max(encoder.layers + 1 - Math.max(clipSkip, encoder.minimal), 1);
    }

    // The clip skip that stops after a layer, or null where none does that there is.
    function clipSkipOf(encoder, layer, highest) {
        const value = encoder.layers + 1 - layer;
        return encoder.honoured && layer > 0 && value >= encoder.minimal && value <= highest ? value : null;
    }

    // The cosine of a token's states after two layers, as the UNet gets them.
    function cosine(encoder, token, one, another) {
        return one === another ? 1 : encoder.unet.cosine[Math.max(one, another)][Math.min(one, another)][token];
    }

    // The squared distance of a token's states after two layers: |a|² + |b|² − 2 |a| |b| cos.
    function apart(encoder, token, one, another) {
        if (one === another) return 0;
        const a = encoder.unet.norm[one][token], b = encoder.unet.norm[another][token];
        return Math.max(a * a + b * b - 2 * a * b * cosine(encoder, token, one, another), 0);
    }

    // How far a token moves between two layers, as the UNet gets it, relative to both lengths: 0 where it doesn't.
    function tokenDistance(encoder, token, one, another) {
        const both = encoder.unet.norm[one][token] * encoder.unet.norm[another][token];
        return both ? Math.sqrt(apart(encoder, token, one, another) / both) : 0;
    }

    function sum(values) {
        return values.reduce((total, value) => total + value, 0);
    }

    // The same for each word, over its tokens, with its share of the squared change of all words; the largest share first.
    function wordDistances(encoder, one, another) {
        const squares = encoder.words.map(({tokens}) => sum(tokens.map((token) => apart(encoder, token, one, another))));
        const length = (tokens, layer) => Math.sqrt(sum(tokens.map((token) => encoder.unet.norm[layer][token] ** 2)));
        const total = sum(squares);
        const found = encoder.words.map(({tokens}, word) => {
            const both = length(tokens, one) * length(tokens, another);
            return {word, distance: both ? Math.sqrt(squares[word] / both) : 0, share: total ? squares[word] / total : 0};
        });
        return found.sort((first, second) => second.share - first.share || first.word - second.word);
    }

    function mean(values) {
        return values.length ? sum(values) / values.length : 0;
    }

    // The places of an encoder's tokens that belong to words.
    function wordTokens(encoder) {
        return encoder.tokens.map((token, place) => token.kind === "word" ? place : -1).filter((place) => place >= 0);
    }

    // How much each layer changes the words on average: by layer, from 1 on; the first entry is 0.
    function meanChanges(encoder, state = "raw") {
        const {change} = state === "unet" ? encoder.unet : encoder, places = wordTokens(encoder);
        return [0, ...change.map((row) => mean(places.map((place) => row[place])))];
    }

    // What the heatmap shows of a token after a layer, or null where there is nothing to say: `state` is "unet" or "raw".
    // Of raw states the likeness to the layer in use is known for the clip skip that was asked only.
    function valueOf(encoder, {quantity, state}, token, layer, used) {
        const from = state === "unet" ? encoder.unet : encoder;
        if (quantity === "change") return layer ? from.change[layer - 1][token] : null;
        if (quantity === "last") return from.cosine_to_last[layer][token];
        if (quantity === "norm") return from.norm[layer][token];
        return state === "unet" ? cosine(encoder, token, layer, used) : encoder.cosine_to_used[layer][token];
    }

    // From which value to which a scale of colours reaches: that of words, without the outermost hundredth of many.
    function rangeOf(values) {
        const sorted = Float64Array.from(values).sort();
        if (!sorted.length) return {low: 0, high: 1, isCutLow: false, isCutHigh: false};
        const cut = sorted.length >= 200 ? Math.floor(sorted.length / 100) : 0;
        const low = sorted[cut], high = sorted[sorted.length - 1 - cut];
        return {low, high: high > low ? high : low + 1e-9, isCutLow: sorted[0] < low, isCutHigh: sorted.at(-1) > high};
    }

    // A cosine's scale is always the same one; below 0 lies little.
    const RANGE_OF_COSINES = {low: 0, high: 1, isCutLow: true, isCutHigh: false};

    return {
        RANGE_OF_COSINES, layerOf, clipSkipOf, cosine, tokenDistance, wordDistances, meanChanges, wordTokens, valueOf, rangeOf,
    };
})();

// Colours of values, from one end of a scale to the other, brighter with the value in the dark and darker in the light;
// and how a number is written.
clipSkipLabLens.colours = (function () {
    "use strict";

    const STOPS = {
        light: [[241, 245, 249], [143, 188, 226], [38, 106, 173], [9, 34, 74]],
        dark: [[30, 39, 51], [28, 85, 138], [79, 160, 220], [232, 244, 255]],
    };

    function isDark() {
        return document.body.classList.contains("dark");
    }

    function colourAt(share, stops) {
        const at = share * (stops.length - 1), from = Math.min(Math.floor(at), stops.length - 2), rest = at - from;
        const [red, green, blue] = stops[from].map((value, part) => value + rest * (stops[from + 1][part] - value));
        // Luminance as WCAG 2 has it: above 0.18 black has the higher contrast.
        const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        return {fill: `rgb(${red | 0}, ${green | 0}, ${blue | 0})`, ink: light > 0.18 ? "#000" : "#fff"};
    }

    const SHADES = 128, shades = {};
    for (const [theme, stops] of Object.entries(STOPS)) {
        shades[theme] = Array.from({length: SHADES + 1}, (_, at) => colourAt(at / SHADES, stops));
    }

    // The colour of a share from 0 to 1, and whether black or white can be read on it.
    function colour(share, dark = isDark()) {
        return shades[dark ? "dark" : "light"][Math.round(Math.min(Math.max(share, 0), 1) * SHADES)];
    }

    function share(value, {low, high}) {
        return (value - low) / (high - low);
    }

    const formats = new Map(); // making one takes longer than all else that a cell needs

    function format(key, options) {
        const name = `${clipSkipLab.language} ${key}`;
        if (!formats.has(name)) formats.set(name, new Intl.NumberFormat(clipSkipLab.language, options));
        return formats.get(name);
    }

    function number(value, digits = 2) {
        return format(digits, {minimumFractionDigits: digits, maximumFractionDigits: digits}).format(value);
    }

    // A weight, as it is typed.
    function weight(value) {
        return `×${format("weight", {maximumFractionDigits: 2}).format(value)}`;
    }

    // Below a tenth with one more digit.
    function percent(value) {
        const digits = value > 0 && value < 0.0995 ? 1 : 0;
        return format(`${digits} %`, {style: "percent", maximumFractionDigits: digits}).format(value);
    }

    return {isDark, colour, share, number, weight, percent};
})();

// A table of coloured cells on a canvas, for the lens: as many rows as there are, of which only those in sight are drawn;
// mouse, finger and arrow keys choose a cell, which is said in words. And the legend of its colours.
clipSkipLabLens.chart = (function () {
    "use strict";

    const {make} = clipSkipLab, {colours} = clipSkipLabLens;
    const FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans JP', sans-serif";
    const WRITTEN_FROM = 36; // px of a cell, for its value
    const NARROW = 480, NARROW_SIDE = 84; // px: on a phone the names of rows are shorter

    const THEME = "clip-skip-lab-theme";

    // Dark or light: told to those charts that are there, so that nothing holds on to earlier answers.
    onUiLoaded(() => new MutationObserver(() => {
        for (const frame of gradioApp().querySelectorAll(".clip-skip-lab-chart")) frame.dispatchEvent(new Event(THEME));
    }).observe(document.body, {attributeFilter: ["class"]}));

    function shortened(ink, content, width) {
        if (ink.measureText(content).width <= width) return content;
        let letters = [...content];
        while (letters.length && ink.measureText(`${letters.join("")}…`).width > width) letters = letters.slice(0, -1);
        return `${letters.join("")}…`;
    }

    function legend() {
        const low = make("span"), high = make("span"), bar = make("span", {className: "clip-skip-lab-colours"});
        const element = make("div", {className: "clip-skip-lab-legend"}, low, bar, high);
        return {element, show({low: from, high: to, isCutLow, isCutHigh}, digits = 2) {
            low.textContent = (isCutLow ? "≤ " : "") + colours.number(from, digits);
            high.textContent = (isCutHigh ? "≥ " : "") + colours.number(to, digits);
            const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => colours.colour(share).fill);
            bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
        }};
    }

    // What a chart shows, all by functions of its user:
    //   rows, columns      how many; {side, top, cell: {least, most, height}} are sizes in px
    //   rowLabel(row)      {text, kind}, kind "heading" for a row without cells, "quiet" in italics
    //   columnLabels(c)    texts over a column, from top to bottom; with `isUpright` one, which reads upwards
    //   value(row, c)      a number, or null for none;  range() → {low, high}, digits() of a written value
    //   marked()           {column} or {row, column}: what is in use
    //   drawn(layout)      it was drawn: {side, width of a column, left that it is scrolled by}, in px; may be missing
    //   said(row, c)       the cell in words;  chosen(row, c): it was clicked, or Enter
    function chart({label, most = 460, ...given}) {
        const {top, cell} = given, canvas = make("canvas"), room = make("div");
        const readout = make("p", {className: "clip-skip-lab-readout"});
        readout.setAttribute("aria-live", "polite");
        const frame = make("div", {className: "clip-skip-lab-chart", tabIndex: 0}, room);
        frame.setAttribute("role", "application");
        frame.setAttribute("aria-label", label);
        room.append(canvas);
        const element = make("div", {}, frame, readout);
        let cursor = null, columnWidth = cell.least, side = given.side, isWaiting = false, isInSight = true;

        function sized() {
            const wide = frame.clientWidth;
            side = wide < NARROW ? Math.min(given.side, NARROW_SIDE) : given.side;
            columnWidth = Math.min(Math.max(Math.floor((wide - side) / given.columns), cell.least), cell.most);
            const width = side + columnWidth * given.columns, height = top + cell.height * given.rows;
            room.style.width = `${width}px`;
            room.style.height = `${height}px`;
            frame.style.maxHeight = `${most}px`;
            const [shownWide, shownHigh] = [Math.min(frame.clientWidth, width), Math.min(frame.clientHeight, height)];
            const scale = window.devicePixelRatio || 1;
            canvas.width = Math.round(shownWide * scale);
            canvas.height = Math.round(shownHigh * scale);
            canvas.style.width = `${shownWide}px`;
            canvas.style.height = `${shownHigh}px`;
        }

        function draw() {
            isWaiting = false;
            if (!canvas.width || !isInSight) return;
            const ink = canvas.getContext("2d"), scale = window.devicePixelRatio || 1, style = getComputedStyle(element);
            const wide = canvas.width / scale, high = canvas.height / scale;
            const colour = {text: style.color, accent: style.getPropertyValue("--stop"), back: style.getPropertyValue("--paper")};
            ink.setTransform(scale, 0, 0, scale, 0, 0);
            ink.clearRect(0, 0, wide, high);
            ink.font = `12px ${FONT}`;
            ink.textBaseline = "middle";
            const {scrollLeft, scrollTop} = frame, range = given.range(), digits = given.digits?.() ?? 2, dark = colours.isDark();
            const firstRow = Math.floor(scrollTop / cell.height), firstColumn = Math.floor(scrollLeft / columnWidth);
            const lastRow = Math.min(Math.ceil((scrollTop + high - top) / cell.height), given.rows);
            const lastColumn = Math.min(Math.ceil((scrollLeft + wide - side) / columnWidth), given.columns);
            const at = (row, column) => [side + column * columnWidth - scrollLeft, top + row * cell.height - scrollTop];
            ink.textAlign = "center";
            for (let row = firstRow; row < lastRow; row++) {
                if (given.rowLabel(row).kind === "heading") continue;
                for (let column = firstColumn; column < lastColumn; column++) {
                    const value = given.value(row, column), [x, y] = at(row, column);
                    if (value === null) continue;
                    const {fill, ink: over} = colours.colour(colours.share(value, range), dark);
                    ink.fillStyle = fill;
                    ink.fillRect(x, y, columnWidth - (cell.gap ?? 1), cell.height - (cell.gap ?? 1));
                    if (columnWidth < WRITTEN_FROM) continue;
                    ink.fillStyle = over;
                    ink.fillText(colours.number(value, digits), x + columnWidth / 2, y + cell.height / 2);
                }
            }
            drawMarks(ink, at, colour, firstRow, lastRow);
            drawLabels(ink, at, colour, {wide, high, firstRow, lastRow, firstColumn, lastColumn});
            given.drawn?.({side, width: columnWidth, left: scrollLeft});
        }

        function drawMarks(ink, at, colour, firstRow, lastRow) {
            const {row, column} = given.marked();
            ink.lineWidth = 2;
            ink.strokeStyle = colour.accent;
            if (row === undefined && column !== undefined) {
                const [x, from] = at(firstRow, column), [, to] = at(lastRow, column);
                ink.strokeRect(x - 1, from - 1, columnWidth + 1, to - from + 1);
            }
            if (!cursor) return;
            const [x, y] = at(cursor.row, cursor.column);
            ink.strokeStyle = colour.text;
            ink.strokeRect(x, y, columnWidth - 1, cell.height - 1);
        }

        function drawLabels(ink, at, colour, {wide, high, firstRow, lastRow, firstColumn, lastColumn}) {
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, side, high);
            ink.fillRect(0, 0, wide, top);
            ink.textAlign = "start";
            for (let row = firstRow; row < lastRow; row++) {
                const {text, kind} = given.rowLabel(row), [, y] = at(row, 0);
                if (y + cell.height / 2 < top) continue;
                ink.font = `${kind === "quiet" ? "italic " : kind === "heading" ? "600 " : ""}12px ${FONT}`;
                ink.fillStyle = colour.text;
                ink.fillText(kind === "heading" ? text : shortened(ink, text, side - 8), 2, y + cell.height / 2);
            }
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, wide, top);
            ink.textAlign = "center";
            for (let column = firstColumn; column < lastColumn; column++) {
                const [x] = at(0, column), labels = given.columnLabels(column), used = given.marked().column === column;
                if (x + columnWidth / 2 < side) continue;
                ink.font = `${used ? "700 " : ""}12px ${FONT}`;
                ink.fillStyle = used ? colour.accent : colour.text;
                if (given.isUpright) drawUpright(ink, labels[0], x + columnWidth / 2);
                else labels.forEach((text, line) => ink.fillText(text, x + columnWidth / 2, 10 + line * 16));
            }
            if (!given.corner) return;
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, side, top);
            ink.fillStyle = colour.text;
            ink.textAlign = "start";
            ink.font = `12px ${FONT}`;
            given.corner.forEach((text, line) => ink.fillText(shortened(ink, text, side - 6), 2, 10 + line * 16));
        }

        // From the bottom up, as words are wider than a column.
        function drawUpright(ink, text, x) {
            ink.save();
            ink.translate(x, top - 5);
            ink.rotate(-Math.PI / 2);
            ink.textAlign = "start";
            ink.fillText(shortened(ink, text, top - 10), 0, 0);
            ink.restore();
        }

        function drawSoon() {
            if (isWaiting) return;
            isWaiting = true;
            requestAnimationFrame(draw);
        }

        function point(next) {
            cursor = next;
            const said = cursor ? given.said(cursor.row, cursor.column) : given.hint ?? "";
            if (readout.textContent !== said) readout.textContent = said;
            drawSoon();
        }

        function under({offsetX, offsetY}) {
            const column = Math.floor((offsetX + frame.scrollLeft - side) / columnWidth);
            const row = Math.floor((offsetY + frame.scrollTop - top) / cell.height);
            const isCell = offsetX >= side && offsetY >= top && row < given.rows && column < given.columns;
            return isCell && given.rowLabel(row).kind !== "heading" ? {row, column} : null;
        }

        // The next row in a direction that has cells.
        function rowFrom(row, step) {
            for (let next = row + step; next >= 0 && next < given.rows; next += step) {
                if (given.rowLabel(next).kind !== "heading") return next;
            }
            return row;
        }

        function scrollTo({row, column}) {
            const left = column * columnWidth, up = row * cell.height, {scrollLeft, scrollTop} = frame;
            const wide = frame.clientWidth - side, high = frame.clientHeight - top;
            if (left < scrollLeft || left + columnWidth > scrollLeft + wide) frame.scrollLeft = left - wide / 2;
            if (up < scrollTop || up + cell.height > scrollTop + high) frame.scrollTop = up - high / 2;
        }

        frame.addEventListener("keydown", (event) => {
            const from = cursor ?? {row: rowFrom(-1, 1), column: given.marked().column ?? 0};
            const limited = (column) => Math.min(Math.max(column, 0), given.columns - 1);
            const page = Math.max(Math.floor(frame.clientHeight / cell.height) - 2, 1);
            const paged = (step) => rowFrom(Math.min(Math.max(from.row + step * page, 0), given.rows - 1) - step, step);
            const next = {
                ArrowUp: () => ({...from, row: rowFrom(from.row, -1)}), ArrowDown: () => ({...from, row: rowFrom(from.row, 1)}),
                ArrowLeft: () => ({...from, column: limited(from.column - 1)}),
                ArrowRight: () => ({...from, column: limited(from.column + 1)}),
                Home: () => ({...from, column: 0}), End: () => ({...from, column: given.columns - 1}),
                PageUp: () => ({...from, row: paged(-1)}), PageDown: () => ({...from, row: paged(1)}),
            }[event.key];
            if (event.key === "Enter" && cursor) given.chosen?.(cursor.row, cursor.column);
            if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            const to = cursor ? next() : from;
            scrollTo(to);
            point(to);
        });
        frame.addEventListener("focus", () => frame.matches(":focus-visible") && !cursor &&
            point({row: rowFrom(-1, 1), column: given.marked().column ?? 0}));
        canvas.addEventListener("pointermove", (event) => point(under(event)));
        canvas.addEventListener("pointerleave", () => frame.matches(":focus-visible") || point(null));
        canvas.addEventListener("click", (event) => {
            const found = under(event);
            point(found);
            if (found) given.chosen?.(found.row, found.column);
        });
        frame.addEventListener("scroll", drawSoon);

        function redraw() {
            sized();
            draw();
            if (cursor && cursor.row >= given.rows) cursor = null;
            point(cursor);
        }

        new ResizeObserver(() => frame.clientWidth && redraw()).observe(frame);
        frame.addEventListener(THEME, drawSoon);
        new IntersectionObserver(([entry]) => { // what nobody sees is drawn when somebody does
            isInSight = entry.isIntersecting;
            draw();
        }, {rootMargin: "100px"}).observe(frame);
        // `draw` after other values, `redraw` after other sizes; the readout follows both.
        return {element, redraw, draw() { draw(); if (cursor) point(cursor); }, change: (next) => Object.assign(given, next)};
    }

    return {chart, legend};
})();

// What several of the lens's views have: a choice of a few, of the text encoder, and a token's name.
(function () {
    "use strict";

    const {make} = clipSkipLab, {colours} = clipSkipLabLens;
    const LETTERS = 24; // of a token's name
    let made = 0;

    // Radio buttons with a legend; {element, value}.
    function radios(title, options, chosen, onChange) {
        const name = `clip_skip_lab_lens_${++made}`, all = make("fieldset", {className: "clip-skip-lab-radios"},
            make("legend", {textContent: title}));
        for (const [value, text] of options) {
            const input = make("input", {type: "radio", name, value, checked: value === chosen});
            input.addEventListener("change", () => onChange(value));
            all.append(make("label", {}, input, text));
        }
        return all;
    }

    // A choice of the text encoder, where there are several.
    function encoderChoice(encoders, onChange) {
        return encoders.length < 2 ? [] : [radios(clipSkipLab.say("Text encoder"),
            encoders.map(({name}, at) => [String(at), name]), "0", (at) => onChange(Number(at)))];
    }

    function tokenName({kind, text, weight}, chunk = null) {
        const letters = [...text], own = letters.length > LETTERS ? `${letters.slice(0, LETTERS).join("")}…` : text;
        const name = {start: clipSkipLab.say("start"), end: clipSkipLab.say("end")}[kind] ?? own;
        const weighted = weight === 1 ? name : `${name} ${colours.weight(weight)}`;
        return chunk === null ? weighted : clipSkipLab.say("{token} in chunk {chunk}", {token: weighted, chunk: chunk + 1});
    }

    Object.assign(clipSkipLabLens, {radios, encoderChoice, tokenName});
})();

// How far apart two values of clip skip are for this prompt, and the words that differ most:
// `clipSkipLabLens.views.compared`. And what is said of the last layer.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, encoderChoice, tokenName} = clipSkipLabLens;
    const WORDS = 8;

    function sentence(encoder, several, clipSkip, other) {
        const one = numbers.layerOf(encoder, clipSkip), another = numbers.layerOf(encoder, other);
        const parts = {name: encoder.name, value: clipSkip, other, layer: one, change: colours.percent(encoder.distance[one][another])};
        if (clipSkip === other) return clipSkipLab.say("Both values are {value}: nothing changes.", parts);
        if (!encoder.honoured) return clipSkipLab.say("{name} ignores clip skip: it always gives layer {layer}.", parts);
        if (one === another) {
            return clipSkipLab.say("{name} gives layer {layer} at both values: what the UNet receives from it does not change.", parts);
        }
        if (!several) return clipSkipLab.say("From clip skip {other} to {value}, what the UNet receives changes by {change}.", parts);
        return clipSkipLab.say("{name}: from clip skip {other} to {value}, what the UNet receives changes by {change}.", parts);
    }

    function abruptly(encoder, several) {
        const times = (ratio) => colours.number(ratio, 1), {raw, unet} = encoder.abrupt;
        if (!raw || !unet) return ""; // one layer only
        const parts = {name: encoder.name, raw: times(raw.ratio), unet: times(unet.ratio)};
        const said = encoder.final_layer_norm
            ? clipSkipLab.say("The last layer changes the words {raw} times as much as the others do (raw), {unet} times after the " +
                "final layer norm.", parts)
            : clipSkipLab.say("The last layer changes the words {raw} times as much as the others do.", parts);
        return several ? clipSkipLab.say("{name}: {sentence}", {name: encoder.name, sentence: said}) : said;
    }

    function emptyRow() {
        const name = make("th", {scope: "row"}), fill = make("div"), said = make("td");
        const bar = make("div", {className: "clip-skip-lab-share"}, fill);
        bar.setAttribute("aria-hidden", "true"); // the words beside it say the same
        return {name, fill, said, element: make("tr", {}, name, make("td", {}, bar), said)};
    }

    clipSkipLabLens.views.compared = function (answer, clipSkip, container, {other = 1, onOther = () => {}} = {}) {
        const {encoders} = answer, several = encoders.length > 1;
        const input = make("input", {type: "number", min: 1, max: answer.highest, step: 1});
        input.addEventListener("input", () => input.checkValidity() && input.value && onOther(input.valueAsNumber));
        input.addEventListener("change", () => onOther(input.valueAsNumber));
        const said = encoders.map(() => make("p", {className: "clip-skip-lab-sentence"}));
        const rows = Array.from({length: WORDS}, emptyRow), table = make("table", {}, make("tbody", {}, ...rows.map(({element}) => element)));
        const caption = make("caption", {textContent: clipSkipLab.say("The words that differ most, by their share of the change")});
        table.prepend(caption);
        let encoder = encoders.find(({honoured}) => honoured) ?? encoders[0], values = [clipSkip, other];

        function showRow({name, fill, said: cell, element}, found) {
            element.hidden = !found?.share;
            if (element.hidden) return;
            const {text, tokens} = encoder.words[found.word], weight = encoder.tokens[tokens[0]]?.weight ?? 1;
            name.textContent = tokenName({text, weight, kind: "word"});
            fill.style.inlineSize = `${100 * found.share}%`;
            cell.textContent = clipSkipLab.say("{share} of the change; moved by {change}",
                {share: colours.percent(found.share), change: colours.percent(found.distance)});
        }

        function move(nextClipSkip, nextOther = values[1]) {
            values = [nextClipSkip, nextOther];
            if (document.activeElement !== input) input.value = nextOther;
            encoders.forEach((one, at) => said[at].textContent = sentence(one, several, ...values));
            const [one, another] = values.map((value) => numbers.layerOf(encoder, value));
            const words = numbers.wordDistances(encoder, one, another);
            rows.forEach((row, at) => showRow(row, words[at]));
            table.hidden = one === another || !words.length;
        }

        const choice = encoderChoice(encoders.filter(({honoured}) => honoured), (at) => {
            encoder = encoders.filter(({honoured}) => honoured)[at];
            move(...values);
        });
        const about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("0% means the same, 100% as far apart as both are long. All tokens count with their weights, padding included, after the final layer norm if the model has one.")});
        container.replaceChildren(make("label", {}, clipSkipLab.say("compared with clip skip"), input), ...said, about,
            ...choice, table, ...encoders.map((one) => abruptly(one, several)).filter(Boolean)
                .map((textContent) => make("p", {textContent})));
        move(clipSkip, other);
        return {move};
    };
})();

// The lens's drawing: prompt → tokens → layers → where clip skip stops → UNet, as one SVG with a column for each text
// encoder. `clipSkipLabLens.views.figure`; what moves with the slider are a few attributes of what is drawn.
(function () {
    "use strict";

    const {numbers, colours} = clipSkipLabLens;
    const FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans JP', sans-serif";
    const NARROWEST = 300, WIDEST = 860, NARROWEST_COLUMN = 260, MARGIN = 8, GAP = 28; // px
    const LANE = 34; // beside the layers, for the line from where it stops
    const CHUNKS = 3, ROWS_OF_ONE = 5, ROWS_OF_MANY = 2, TOKEN = 24, LETTERS = 16, PROMPT_LINES = 3;
    let drawn = 0;

    function svg(tag, attributes = {}, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    function text(x, y, content, kind = "", attributes = {}) {
        return svg("text", {x, y, class: kind, ...attributes}, content);
    }

    const ruler = document.createElement("canvas").getContext("2d");

    function widthOf(content, size = 13, weight = 400) {
        ruler.font = `${weight} ${size}px ${FONT}`;
        return ruler.measureText(content).width;
    }

    function shortened(content, width, size = 13) {
        if (widthOf(content, size) <= width) return content;
        const letters = [...content];
        let low = 0, high = letters.length;
        while (low < high) {
            const middle = Math.ceil((low + high) / 2);
            if (widthOf(`${letters.slice(0, middle).join("")}…`, size) <= width) low = middle;
            else high = middle - 1;
        }
        return `${letters.slice(0, low).join("")}…`;
    }

    // A text in smaller letters where it is wider than its place.
    function fitting(element, size, width, weight = 400) {
        const own = widthOf(element.textContent, size, weight);
        element.style.fontSize = own > width ? `${size * width / own}px` : `${size}px`;
        return element;
    }

    // A text in lines of at most a width, the last of which says that there is more.
    function lines(content, width, most) {
        const found = [], words = content.trim().split(/\s+/);
        while (words.length && found.length < most) {
            let line = words.shift();
            while (words.length && widthOf(`${line} ${words[0]}`) <= width) line += ` ${words.shift()}`;
            if (words.length && found.length === most - 1) line += " …";
            found.push(shortened(line, width));
        }
        return found;
    }

    function arrow(x, from, to) {
        return svg("path", {class: "line", d: `M${x} ${from}V${to}m-4 -6l4 6l4 -6`});
    }

    function box(x, y, width, height, kind) {
        return svg("rect", {x, y, width, height, rx: 5, class: kind});
    }

    // --- Tokens -----------------------------------------------------------------------------------------------

    function labelOf({kind, text: own, weight}) {
        if (kind === "start") return {label: clipSkipLab.say("start"), kind};
        if (kind === "end") return {label: clipSkipLab.say("end"), kind};
        const letters = [...own], label = letters.length > LETTERS ? `${letters.slice(0, LETTERS).join("")}…` : own;
        return weight === 1 ? {label, kind} : {label, kind: "weighted", weight: colours.weight(weight)};
    }

    function sized(token) {
        const {label, weight} = token;
        return {...token, width: Math.ceil(widthOf(label)) + 14 + (weight ? Math.ceil(widthOf(weight, 11)) + 5 : 0)};
    }

    function moreOf(count) {
        return sized({label: clipSkipLab.say("+ {count} more", {count}), kind: "more"});
    }

    // Boxes one beside the other in rows of a width; where there are more than the rows hold, the last one says how many.
    function flowed(tokens, width, most) {
        const boxes = tokens.map((token) => sized(labelOf(token))), placed = [];
        const after = (last, one) => {
            if (!last) return {x: 0, row: 0};
            const x = last.x + last.width + 4;
            return x + one.width <= width ? {x, row: last.row} : {x: 0, row: last.row + 1};
        };
        for (const one of boxes) {
            const place = after(placed.at(-1), one);
            if (place.row >= most) break;
            placed.push({...one, ...place});
        }
        if (placed.length === boxes.length) return placed;
        for (;;) {
            const more = moreOf(boxes.length - placed.length), place = after(placed.at(-1), more);
            if (place.row < most || !placed.length) return [...placed, {...more, ...place}];
            placed.pop();
        }
    }

    function chunkTitle(number, tokens, isAlone) {
        const count = tokens.filter(({kind}) => kind === "word").length;
        if (isAlone) return count === 1 ? clipSkipLab.say("1 token") : clipSkipLab.say("{count} tokens", {count});
        return clipSkipLab.say("Chunk {number}, tokens: {count}", {number: number + 1, count});
    }

    // Draws the tokens from y on; gives where they end.
    function drawTokens(group, encoder, x, top, width) {
        const count = encoder.tokens.at(-1)?.chunk + 1 || 0, rows = count > 1 ? ROWS_OF_MANY : ROWS_OF_ONE;
        let y = top;
        for (let chunk = 0; chunk < Math.min(count, CHUNKS); chunk++) {
            const tokens = encoder.tokens.filter((token) => token.chunk === chunk), boxes = flowed(tokens, width - 16, rows);
            const height = 24 + (boxes.at(-1).row + 1) * (TOKEN + 4) + 4;
            group.append(box(x, y, width, height, "chunk"));
            group.append(text(x + 8, y + 16, chunkTitle(chunk, tokens, count === 1), "small"));
            for (const one of boxes) {
                const left = x + 8 + one.x, at = y + 24 + one.row * (TOKEN + 4);
                group.append(box(left, at, one.width, TOKEN, `token ${one.kind}`), text(left + 7, at + 16.5, one.label, `of-${one.kind}`));
                if (!one.weight) continue;
                const place = {"text-anchor": "end"};
                group.append(text(left + one.width - 6, at + 16, one.weight, "weight", place));
            }
            y += height + 6;
        }
        if (count <= CHUNKS) return y - 6;
        group.append(text(x + 8, y + 12, clipSkipLab.say("+ {count} more chunks", {count: count - CHUNKS}), "small"));
        return y + 18;
    }

    // --- Layers -----------------------------------------------------------------------------------------------

    function stopText(encoder, layer, clipSkip) {
        const parts = {value: clipSkip, layer, layers: encoder.layers};
        if (!encoder.honoured) return clipSkipLab.say("always layer {layer} of {layers}", parts);
        return clipSkipLab.say("stops here: clip skip {value} = layer {layer} of {layers}", parts);
    }

    // One row for each layer, the embeddings first; gives {bottom, move}.
    function drawLayers(group, encoder, x, top, width, {highest, choose}) {
        const thin = encoder.layers > 16, height = thin ? 13 : 22, size = thin ? 10 : 12;
        const changes = numbers.meanChanges(encoder, "unet"), wide = width - LANE;
        // The first layer may change the embeddings by many times what any other changes: its bar ends where three times that would.
        const others = Math.max(...changes.slice(2), 1e-9), most = Math.min(Math.max(...changes), 3 * others);
        const share = (change) => Math.min(change / most, 1);
        const rows = changes.map((change, layer) => {
            const y = top + layer * (height + 2), value = numbers.clipSkipOf(encoder, layer, highest), middle = y + height / 2 + size * 0.36;
            const name = layer ? clipSkipLab.say("Layer {layer}", {layer}) : clipSkipLab.say("Token embeddings");
            const atEnd = (right, said) => text(right, middle, said, "skip", {"text-anchor": "end", "font-size": size - 1});
            const label = text(x + 8, middle, name, "name"), written = atEnd(x + wide - 84, layer ? colours.percent(change) : "");
            const skip = atEnd(x + wide - 8, value === null ? "" : clipSkipLab.say("clip skip {value}", {value}));
            const bar = svg("rect", {x, y, width: wide * share(change), height, rx: 4, class: "bar"});
            const row = svg("g", {class: "layer"}, box(x, y, wide, height, "back"), bar, box(x, y, wide, height, "edge"), label,
                written, skip);
            fitting(label, size, wide);
            if (layer) row.prepend(svg("title", {}, layerTip(layer, value, change)));
            if (value !== null) row.addEventListener("click", () => choose(value));
            if (value !== null) row.classList.add("reachable");
            group.append(row);
            const ends = [[skip, skip.textContent], [written, written.textContent, wide - 132]];
            return {row, label, name, ends, middle: y + height / 2, size, width: wide - 16};
        });
        return {rows, bottom: top + rows.length * (height + 2) - 2, right: x + wide};
    }

    function layerTip(layer, value, change) {
        const parts = {layer, value, change: colours.percent(change)};
        if (value === null) return clipSkipLab.say("Layer {layer} changes the words by {change} on average.", parts);
        return clipSkipLab.say("Layer {layer} (clip skip {value}) changes the words by {change} on average.", parts);
    }

    function show(element, content) {
        if (element.textContent !== content) element.textContent = content;
    }

    function markStop(column, clipSkip) {
        const {encoder, layers, line, target} = column, used = numbers.layerOf(encoder, clipSkip);
        layers.rows.forEach(({row, label, name, ends, size, width}, layer) => {
            const isUsed = layer === used, now = isUsed ? stopText(encoder, used, clipSkip) : name;
            row.classList.toggle("unused", layer > used);
            row.classList.toggle("used", isUsed);
            if (label.textContent === now) return;
            label.textContent = now;
            fitting(label, size, width, isUsed ? 600 : 400);
            const [[skip, said], [written, change, room]] = ends; // what stands there makes way for the sentence
            show(skip, isUsed ? "" : said);
            show(written, isUsed && widthOf(now, size, 600) > room ? "" : change);
        });
        const lane = layers.right + LANE - 10;
        line.setAttribute("d", `M${layers.right} ${layers.rows[used].middle}H${lane}V${target.y}H${target.x}m6 -4l-6 4l6 4`);
    }

    // --- The whole --------------------------------------------------------------------------------------------

    function drawColumn(root, encoder, x, top, width, choice) {
        const wide = width - LANE, centre = x + wide / 2;
        root.append(text(x, top + 14, shortened(encoder.name, width, 15), "heading"));
        let y = drawTokens(root, encoder, x, top + 24, wide);
        root.append(arrow(x + 16, y + 2, y + 18));
        root.append(fitting(text(x + 28, y + 15, clipSkipLab.say("bar: how much each layer changes the words"), "small"), 11, wide - 28));
        const layers = drawLayers(root, encoder, x, y + 22, width, choice);
        y = layers.bottom + 22;
        const norm = encoder.final_layer_norm ? clipSkipLab.say("Final layer norm") : clipSkipLab.say("no final layer norm");
        const isWeighted = encoder.tokens.some(({weight}) => weight !== 1);
        const steps = [[norm, encoder.final_layer_norm ? "step" : "step none"]];
        if (isWeighted) steps.push([clipSkipLab.say("prompt weights"), "step"]);
        const target = {x: x + wide + 1, y: y + 13};
        for (const [name, kind] of steps) {
            root.append(box(x, y, wide, 26, kind), text(centre, y + 17.5, name, kind, {"text-anchor": "middle"}));
            y += 26 + 16;
            if (name !== steps.at(-1)[0]) root.append(arrow(centre, y - 15, y - 1));
        }
        const line = svg("path", {class: "way"});
        root.append(line);
        return {encoder, layers, line, target, centre, bottom: y - 16};
    }

    function drawing(answer, width, choose) {
        const {encoders, asked} = answer, many = encoders.length;
        const column = Math.max((width - 2 * MARGIN - GAP * (many - 1)) / many, NARROWEST_COLUMN);
        const whole = column * many + GAP * (many - 1) + 2 * MARGIN, id = `clip_skip_lab_figure_${++drawn}`;
        const title = svg("title", {id: `${id}_title`}), desc = svg("desc", {id: `${id}_desc`});
        const root = svg("svg", {class: "clip-skip-lab-figure", role: "img", tabindex: 0, "font-family": FONT, "font-size": 13,
            "aria-labelledby": title.id, "aria-describedby": desc.id}, title, desc);
        const heading = text(MARGIN, 22, "", "heading");
        const said = lines(asked.prompt, whole - 2 * MARGIN - 20, PROMPT_LINES), high = 28 + said.length * 18;
        root.append(heading, box(MARGIN, 36, whole - 2 * MARGIN, high, "chunk"));
        root.append(text(MARGIN + 8, 52, clipSkipLab.say("Prompt"), "small"));
        said.forEach((line, at) => root.append(text(MARGIN + 8, 72 + at * 18, line)));
        const top = 36 + high + 24;
        const columns = encoders.map((encoder, at) => {
            const x = MARGIN + at * (column + GAP);
            root.append(arrow(x + (column - LANE) / 2, 36 + high + 2, top - 4));
            return drawColumn(root, encoder, x, top, column, {highest: answer.highest, choose});
        });
        const bottom = Math.max(...columns.map((one) => one.bottom)) + 26;
        for (const one of columns) root.append(arrow(one.centre, one.bottom + 2, bottom - 2));
        const middle = {"text-anchor": "middle"};
        root.append(box(MARGIN, bottom, whole - 2 * MARGIN, 46, "unet"), text(whole / 2, bottom + 20, "UNet", "heading", middle),
            text(whole / 2, bottom + 37, clipSkipLab.say("makes the image from what it receives here"), "small", middle));
        const height = bottom + 46 + MARGIN;
        Object.entries({viewBox: `0 0 ${whole} ${height}`, width: whole, height}).forEach(([name, value]) => root.setAttribute(name, value));
        return {root, title, desc, heading, columns, whole};
    }

    function described(answer, clipSkip) {
        return answer.encoders.map((encoder) => {
            const parts = {name: encoder.name, layer: numbers.layerOf(encoder, clipSkip), layers: encoder.layers, value: clipSkip};
            if (!encoder.honoured) return clipSkipLab.say("{name} gives layer {layer} of {layers} at every clip skip.", parts);
            return clipSkipLab.say("{name} stops at layer {layer} of {layers}.", parts);
        });
    }

    clipSkipLabLens.views.figure = function (answer, clipSkip, container, {onClipSkip = () => {}} = {}) {
        let value = clipSkip, width = 0, shown = null;

        function draw() {
            width = container.clientWidth;
            shown = drawing(answer, Math.min(Math.max(width, NARROWEST), WIDEST), onClipSkip);
            shown.root.addEventListener("keydown", (event) => {
                const step = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1}[event.key];
                if (!step) return;
                event.preventDefault();
                onClipSkip(Math.min(Math.max(value + step, 1), answer.highest));
            });
            const isFocused = container.contains(document.activeElement);
            container.replaceChildren(shown.root);
            if (isFocused) shown.root.focus({preventScroll: true});
            move(value);
        }

        function move(next) {
            value = next;
            for (const column of shown.columns) markStop(column, value);
            const name = answer.model.name, title = clipSkipLab.say("Clip skip {value} on {name}", {value, name});
            shown.title.textContent = title;
            shown.heading.textContent = shortened(title, shown.whole - 20, 15);
            shown.desc.textContent = described(answer, value).reduce((before, next) => clipSkipLab.say("{before} {next}", {before, next}));
        }

        container.classList.add("clip-skip-lab-scrolls");
        draw();
        new ResizeObserver(() => container.clientWidth && container.clientWidth !== width && draw()).observe(container);
        return {move, redraw: draw, get svg() { return shown.root; }};
    };
})();

// The lens's heatmap: tokens × layers of one text encoder, `clipSkipLabLens.views.heatmap`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, chart, radios, encoderChoice, tokenName} = clipSkipLabLens;
    function explained(quantity, {state, layer}) {
        const given = state === "unet" ? clipSkipLab.say("With the weights, and after the final layer norm if the model has one: what the UNet would receive from each layer.")
            : clipSkipLab.say("As the layer gives it, before the final layer norm and without the weights.");
        return [{
            change: clipSkipLab.say("How far a layer moves a token's state, relative to its length before: 0 means not at all, 1 means by its whole length."),
            last: clipSkipLab.say("The cosine between a token's state and its state after the last layer: 1 means the same direction, 0 nothing in common."),
            used: clipSkipLab.say("The cosine between a token's state and its state after layer {layer}: 1 means the same direction, 0 nothing in common.", {layer}),
            norm: clipSkipLab.say("The length of a token's state."),
        }[quantity], given];
    }

    function quantities() {
        return [["change", clipSkipLab.say("Change in each layer")], ["last", clipSkipLab.say("Similarity to the last layer")],
            ["used", clipSkipLab.say("Similarity to the layer in use")], ["norm", clipSkipLab.say("Length")]];
    }

    function states() {
        return [["unet", clipSkipLab.say("as the UNet receives it")], ["raw", clipSkipLab.say("raw hidden state")]];
    }

    // Rows of tokens in reading order, each chunk under a heading where there are several.
    function rowsOf({tokens}) {
        const several = tokens.at(-1)?.chunk > 0, rows = [];
        tokens.forEach(({chunk, kind}, token) => {
            if (several && kind === "start") rows.push({chunk});
            rows.push({token});
        });
        return rows;
    }

    clipSkipLabLens.views.heatmap = function (answer, clipSkip, container, {onClipSkip = () => {}} = {}) {
        const chosen = {quantity: "change", state: "unet"}, about = make("p", {className: "clip-skip-lab-about"});
        const legend = chart.legend(), over = clipSkipLabLens.over.map((make) => make(answer));
        let encoder = answer.encoders[0], rows = rowsOf(encoder), value = clipSkip, range = null;

        const used = () => numbers.layerOf(encoder, value);
        // What a raw state is compared with is the layer that was asked for.
        const compared = () => chosen.state === "raw" ? encoder.layer : used();

        function rangeOfAll() {
            if (["last", "used"].includes(chosen.quantity)) return numbers.RANGE_OF_COSINES;
            const places = numbers.wordTokens(encoder), values = [];
            for (let layer = 0; layer <= encoder.layers; layer++) {
                for (const token of places) {
                    const found = numbers.valueOf(encoder, chosen, token, layer, used());
                    if (found !== null) values.push(found);
                }
            }
            return numbers.rangeOf(values);
        }

        function digits() {
            return range.high >= 100 ? 0 : range.high >= 10 ? 1 : 2;
        }

        function said(row, layer) {
            const {token} = rows[row], one = encoder.tokens[token], several = encoder.tokens.at(-1).chunk > 0;
            const found = numbers.valueOf(encoder, chosen, token, layer, used()), skip = numbers.clipSkipOf(encoder, layer, answer.highest);
            const parts = {
                token: tokenName(one, several ? one.chunk : null), layer, value: skip,
                quantity: quantities().find(([key]) => key === chosen.quantity)[1],
                number: found === null ? clipSkipLab.say("none") : colours.number(found, 3),
            };
            if (skip === null) return clipSkipLab.say("{token}, layer {layer}: {quantity} {number}", parts);
            return clipSkipLab.say("{token}, layer {layer} (clip skip {value}): {quantity} {number}", parts);
        }

        function skips(layer) {
            const skip = numbers.clipSkipOf(encoder, layer, answer.highest);
            return skip === null ? "–" : String(skip);
        }

        const table = chart.chart({
            label: clipSkipLab.say("Tokens and layers; use the arrow keys to move, Enter to stop at a layer"),
            hint: clipSkipLab.say("Point at a cell or use the arrow keys. Click to stop at that layer."),
            side: 118, top: 40, cell: {least: 22, most: 62, height: 22}, rows: rows.length, columns: encoder.layers + 1,
            corner: [clipSkipLab.say("Layer"), clipSkipLab.say("Clip skip")],
            rowLabel(row) {
                const {chunk, token} = rows[row];
                if (token === undefined) return {text: clipSkipLab.say("Chunk {number}", {number: chunk + 1}), kind: "heading"};
                return {text: tokenName(encoder.tokens[token]), kind: encoder.tokens[token].kind === "word" ? "" : "quiet"};
            },
            columnLabels: (layer) => [String(layer), skips(layer)],
            value: (row, layer) => numbers.valueOf(encoder, chosen, rows[row].token, layer, used()),
            range: () => range, digits, marked: () => ({column: used()}), said,
            drawn: (layout) => over.forEach(({lay}) => lay({encoder, ...layout})),
            chosen(row, layer) {
                const skip = numbers.clipSkipOf(encoder, layer, answer.highest);
                if (skip !== null) onClipSkip(skip);
            },
        });

        function explain() {
            const parts = {state: chosen.state, layer: compared()};
            const now = explained(chosen.quantity, parts).reduce((before, next) => clipSkipLab.say("{before} {next}", {before, next}));
            if (about.textContent !== now) about.textContent = now;
        }

        // After another choice everything is drawn anew.
        function choose() {
            range = rangeOfAll();
            legend.show(range, digits());
            explain();
            table.redraw();
        }

        function move(next) {
            value = next;
            explain();
            table.draw();
        }

        function chooseEncoder(at) {
            encoder = answer.encoders[at];
            rows = rowsOf(encoder);
            table.change({rows: rows.length, columns: encoder.layers + 1});
            choose();
        }

        const choices = [
            radios(clipSkipLab.say("Shown"), quantities(), chosen.quantity, (key) => choose(chosen.quantity = key)),
            radios(clipSkipLab.say("State"), states(), chosen.state, (key) => choose(chosen.state = key)),
        ];
        container.replaceChildren(make("div", {className: "clip-skip-lab-choices"}, ...choices, ...encoderChoice(answer.encoders, chooseEncoder)),
            about, ...over.map(({element}) => element), table.element, legend.element);
        choose();
        return {move};
    };
})();

// How alike the tokens of a prompt are at the layer in use, each with each: `clipSkipLabLens.views.likeness`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, chart, radios, encoderChoice, tokenName} = clipSkipLabLens;

    clipSkipLabLens.views.likeness = function (answer, clipSkip, container) {
        const legend = chart.legend(), said = make("p");
        let encoder = answer.encoders[0], part = null, value = clipSkip;

        const used = () => numbers.layerOf(encoder, value), token = (place) => encoder.tokens[part.tokens[place]];
        const cosine = (row, column) => part.cosine[used()][Math.max(row, column)][Math.min(row, column)];

        const table = chart.chart({
            label: clipSkipLab.say("Tokens and tokens; use the arrow keys to move"),
            hint: clipSkipLab.say("Point at a cell or use the arrow keys."),
            side: 118, top: 92, isUpright: true, cell: {least: 18, most: 44, height: 22}, rows: 0, columns: 1,
            rowLabel: (row) => ({text: tokenName(token(row)), kind: token(row).kind === "word" ? "" : "quiet"}),
            columnLabels: (column) => [tokenName(token(column))],
            value: (row, column) => row === column ? null : cosine(row, column),
            range: () => numbers.RANGE_OF_COSINES, marked: () => ({}),
            said(row, column) {
                const parts = {one: tokenName(token(row)), other: tokenName(token(column)), layer: used()};
                if (row === column) return clipSkipLab.say("{one} with itself", parts);
                const number = colours.number(cosine(row, column), 3);
                return clipSkipLab.say("{one} and {other} at layer {layer}: {number}", {...parts, number});
            },
        });

        function choosePart(next) {
            part = next;
            table.change({rows: part.tokens.length, columns: part.tokens.length});
            table.redraw();
        }

        const chunks = make("div");

        function chooseEncoder(at) {
            encoder = answer.encoders[at];
            const parts = encoder.similarity, options = parts?.map(({chunk}, place) =>
                [String(place), clipSkipLab.say("Chunk {number}", {number: chunk + 1})]);
            said.textContent = parts ? "" : clipSkipLab.say("The prompt is too long for a table of all its tokens.");
            for (const one of [table.element, legend.element]) one.hidden = !parts;
            chunks.replaceChildren(...(parts?.length > 1
                ? [radios(clipSkipLab.say("Chunk"), options, "0", (place) => choosePart(parts[place]))] : []));
            if (parts) choosePart(parts[0]);
        }

        function move(next) {
            value = next;
            if (encoder.similarity) table.draw();
        }

        const about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("The cosine between two tokens' states, as the UNet receives them, at the layer in use: 1 means the same direction, 0 nothing in common.")});
        legend.show(numbers.RANGE_OF_COSINES);
        container.replaceChildren(about, ...encoderChoice(answer.encoders, chooseEncoder), chunks, said, table.element,
            legend.element);
        chooseEncoder(0);
        return {move};
    };
})();

// Which words mix: pairs of words that are more alike in this prompt than where the first is left out of it, layer by
// layer. `clipSkipLabLens.views.mixing`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours} = clipSkipLabLens;
    const WIDE = 150, HIGH = 36;

    function svg(tag, attributes, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    // Two lines over the layers: here, and where the word is left out (dashed); a mark at the layer in use.
    function curve({here, apart}) {
        const most = here.length - 1, x = (layer) => 2 + (WIDE - 4) * layer / most;
        const lowest = Math.min(0, ...here, ...apart), y = (value) => 2 + (HIGH - 4) * (1 - value) / (1 - lowest);
        const path = (values) => values.map((value, layer) => `${layer ? "L" : "M"}${x(layer).toFixed(1)} ${y(value).toFixed(1)}`).join("");
        const mark = svg("path", {class: "mark"});
        const element = svg("svg", {class: "clip-skip-lab-curve", viewBox: `0 0 ${WIDE} ${HIGH}`, width: WIDE, height: HIGH,
            "aria-hidden": "true"}, mark, svg("path", {class: "apart", d: path(apart)}), svg("path", {class: "here", d: path(here)}));
        return {element, move: (layer) => mark.setAttribute("d", `M${x(layer)} 0V${HIGH}`)};
    }

    function rowOf(encoder, pair) {
        const name = make("th", {scope: "row"}), said = make("td"), drawn = curve(pair);
        const [one, other] = [pair.word, pair.into].map((word) => encoder.words[word].text);
        name.textContent = clipSkipLab.say("{word} → {other}", {word: one, other});
        return {
            element: make("tr", {}, name, make("td", {}, drawn.element), said),
            more: (layer) => pair.more[layer],
            move(layer) {
                drawn.move(layer);
                said.textContent = clipSkipLab.say("{here} here, {apart} without “{word}”",
                    {here: colours.number(pair.here[layer]), apart: colours.number(pair.apart[layer]), word: one});
            },
        };
    }

    clipSkipLabLens.views.mixing = function (answer, clipSkip, container, {onAsk = () => {}} = {}) {
        const lists = [], about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("Each pair is two words of the prompt. The solid line is the cosine between their states in each layer, the dashed line the same without the first word in the prompt. Where the solid line is higher, the second word has taken something from the first. At most 20 pairs are shown, those that mix most at the clip skip that was in use.")});
        const button = make("button", {type: "button", textContent: clipSkipLab.say("Which words mix?"), onclick: () => onAsk()});
        container.replaceChildren(about);
        if (!answer.encoders.some(({mixing}) => mixing)) {
            container.append(button);
            return {move() {}, button};
        }
        for (const encoder of answer.encoders.filter(({mixing}) => mixing)) {
            if (answer.encoders.length > 1) container.append(make("h5", {textContent: encoder.name}));
            const body = make("tbody"), none = make("p", {textContent: clipSkipLab.say("At this layer, no word takes anything from another.")});
            lists.push({encoder, body, none, rows: encoder.mixing.map((pair) => rowOf(encoder, pair))});
            container.append(none, make("table", {}, body));
        }

        // Those that mix at the layer in use, the most first.
        function move(value) {
            for (const {encoder, body, none, rows} of lists) {
                const layer = numbers.layerOf(encoder, value), found = rows.filter((row) => row.more(layer) > 0);
                found.sort((one, other) => other.more(layer) - one.more(layer));
                found.forEach((row) => row.move(layer));
                none.hidden = found.length > 0;
                const before = [...body.children], now = found.map(({element}) => element);
                if (before.length !== now.length || now.some((element, at) => element !== before[at])) body.replaceChildren(...now);
            }
        }

        move(clipSkip);
        return {move, button: null};
    };
})();

// The lens's drawing on paper: saved as an SVG that needs no style sheet, or printed alone.
clipSkipLabLens.paper = (function () {
    "use strict";

    const {make} = clipSkipLab;
    const STYLES = [
        "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-family",
        "font-size", "font-weight", "font-style", "text-anchor",
    ];
    const PRINTING = "clip-skip-lab-printing";

    // A copy in the colours of paper, each element with its own; the one that is copied stands on the page.
    function copied(figure) {
        figure.classList.add("clip-skip-lab-paper");
        const copy = figure.cloneNode(true), all = (root) => [root, ...root.querySelectorAll("*")];
        const copies = all(copy);
        all(figure).forEach((element, at) => {
            if (!(element instanceof SVGGraphicsElement)) return; // title and desc
            const computed = getComputedStyle(element);
            for (const name of STYLES) copies[at].setAttribute(name, computed.getPropertyValue(name));
        });
        figure.classList.remove("clip-skip-lab-paper");
        for (const one of copies) {
            one.removeAttribute("class");
            one.removeAttribute("tabindex");
        }
        const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const [name, value] of Object.entries({width: "100%", height: "100%", fill: "#ffffff"})) paper.setAttribute(name, value);
        copy.querySelector("desc").after(paper);
        copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        return copy;
    }

    function save(figure, name) {
        const file = new Blob([new XMLSerializer().serializeToString(copied(figure))], {type: "image/svg+xml"});
        const href = URL.createObjectURL(file);
        make("a", {href, download: name}).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
    }

    // On the way to the printer the page is this figure alone; afterwards it is as it was.
    function prepare(figure) {
        done();
        document.body.classList.add(PRINTING);
        document.body.append(make("div", {className: "clip-skip-lab-on-paper"}, copied(figure)));
    }

    function done() {
        document.body.classList.remove(PRINTING);
        document.querySelector("body > .clip-skip-lab-on-paper")?.remove();
    }

    return {copied, save, prepare, done};
})();

// Two side by side in the lens: what was kept beside what is shown now, each with its own clip skip, or a prompt beside its
// negative prompt. Drawn by the lens's own views; what can be said of both stands below (clip_skip_lab_lens_side_both.js).
(function () {
    "use strict";

    const {make} = clipSkipLab, lens = clipSkipLabLens;
    let kept = null, negative = null; // {answer, clipSkip}: of one of the two, what has a slider of its own
    let parts = null, columns = [];

    // --- What stands there --------------------------------------------------------------------------------------

    // The two sides, or none: `shown` is what the lens shows, which moves with its slider.
    function sides() {
        if (!lens.answer || !(kept || negative)) return [];
        const shown = {answer: lens.answer, clipSkip: lens.clipSkip, move: lens.move};
        const own = kept ?? negative;
        const withSlider = {...own, move(value) {
            own.clipSkip = value;
            follow();
        }};
        return kept ? [{...withSlider, name: clipSkipLab.say("Kept")}, {...shown, name: clipSkipLab.say("Now")}]
            : [{...shown, name: clipSkipLab.say("Prompt")}, {...withSlider, name: clipSkipLab.say("Negative prompt")}];
    }

    function keep() {
        [kept, negative] = [{answer: lens.answer, clipSkip: lens.clipSkip}, null];
        build();
        parts.section.querySelector("h4").focus();
    }

    function showNegative() {
        [kept, negative] = [null, {answer: lens.negativeOf(lens.answer), clipSkip: lens.clipSkip}];
        build();
        parts.section.querySelector("h4").focus();
    }

    function remove() {
        [kept, negative] = [null, null];
        build();
        parts.keep.focus();
    }

    // --- Drawing ------------------------------------------------------------------------------------------------

    function slider({answer, clipSkip, move, name}) {
        const input = make("input", {type: "range", min: 1, max: answer.highest, step: 1, value: clipSkip});
        const said = make("output", {textContent: clipSkip});
        input.setAttribute("aria-label", clipSkipLab.say("Clip skip of “{name}”", {name}));
        input.addEventListener("input", () => move(input.valueAsNumber));
        return {node: make("label", {}, clipSkipLab.say("Clip skip"), input, said), show(value) {
            input.value = value;
            said.textContent = value;
        }};
    }

    function column(side) {
        const {answer, clipSkip, move, name} = side, own = slider(side);
        const [figure, heatmap] = [make("div", {}), make("div", {})];
        const node = make("article", {}, make("h5", {textContent: name}),
            make("p", {className: "clip-skip-lab-side-model", textContent: answer.model.name}),
            make("p", {className: "clip-skip-lab-side-prompt", dir: "auto", textContent: answer.asked.prompt}),
            own.node, figure, heatmap);
        const drawn = [[lens.views.figure, figure], [lens.views.heatmap, heatmap]].map(([view, place]) =>
            view(answer, clipSkip, place, {onClipSkip: move}));
        return {node, move(value) {
            own.show(value);
            for (const view of drawn) view.move(value, lens.other);
        }};
    }

    function build() {
        if (!parts) return;
        const now = sides();
        switchButtons();
        parts.section.hidden = !now.length;
        parts.pair.replaceChildren();
        columns = [];
        for (const side of now) { // a view may measure the place that it draws into
            const made = column(side);
            columns.push(made);
            parts.pair.append(made.node);
        }
        if (now.length) lens.both.draw(now, lens.other, parts.both);
    }

    function follow() {
        const now = sides();
        if (!now.length || columns.length !== now.length) return;
        now.forEach(({clipSkip}, place) => columns[place].move(clipSkip));
        lens.both.draw(now, lens.other, parts.both);
    }

    function switchButtons() {
        parts.keep.disabled = !lens.answer;
        parts.negative.disabled = !lens.answer?.negative;
    }

    function button(text, title, onclick) {
        return make("button", {type: "button", textContent: text, title, disabled: true, onclick});
    }

    lens.onBuilt(({tools, results}) => {
        const title = make("h4", {tabIndex: -1, textContent: clipSkipLab.say("Side by side")});
        const pair = make("div", {className: "clip-skip-lab-pair"}), both = make("div", {className: "clip-skip-lab-both"});
        const gone = make("button", {type: "button", textContent: clipSkipLab.say("Remove"), onclick: remove});
        parts = {
            pair, both,
            section: make("section", {className: "clip-skip-lab-side", hidden: true}, title, gone, pair, both),
            keep: button(clipSkipLab.say("Keep for comparison"),
                clipSkipLab.say("Keeps what is shown, with its clip skip, and puts what you show next beside it."), keep),
            negative: button(clipSkipLab.say("Prompt beside negative prompt"),
                clipSkipLab.say("Shows both side by side, each with its own clip skip. First enter a negative prompt and press Show."), showNegative),
        };
        tools.append(parts.keep, parts.negative);
        results.before(parts.section);
        build();
    });
    lens.onAnswer((answer) => {
        if (negative) negative = answer.negative && {answer: lens.negativeOf(answer), clipSkip: negative.clipSkip};
        build();
    });
    lens.onValue(follow);
})();

// What can be said of two prompts, values or models in numbers, drawn below both: the change over the layers as one chart
// with two lines, how far two values are apart in each, and the words that both have.
//
// A side is {name, answer, clipSkip}. States of different models are not compared: each has a space of its own.
clipSkipLabLens.both = (function () {
    "use strict";

    const MOST_WORDS = 20;
    const WIDE = 640, HIGH = 220, ROOM = {left: 44, right: 12, top: 12, bottom: 34};
    const {make} = clipSkipLab, {numbers, colours} = clipSkipLabLens;

    // Whether numbers of both may be compared: the same model with the same encoders.
    function isSameModel([one, other]) {
        const told = ({answer}) => JSON.stringify([answer.model.name, answer.model.hash, answer.encoders.map(({name, layers}) => [name, layers])]);
        return told(one) === told(other);
    }

    // The two values to compare: those of both sides, or where these are the same, that one and `further`; two in any case.
    function valuesOf([one, other], further) {
        if (one.clipSkip !== other.clipSkip) return [one.clipSkip, other.clipSkip];
        if (further !== one.clipSkip) return [one.clipSkip, further];
        return [one.clipSkip, one.clipSkip === 1 ? 2 : 1];
    }

    function distanceIn(encoder, [one, other]) {
        const layers = [one, other].map((value) => numbers.layerOf(encoder, value));
        return encoder.distance[Math.max(...layers)][Math.min(...layers)];
    }

    // By the text of each word, the first of that text counts: how far it moves between two values.
    function movesIn(encoder, values) {
        const [one, other] = values.map((value) => numbers.layerOf(encoder, value)), found = new Map();
        const moves = new Map(numbers.wordDistances(encoder, one, other).map(({word, distance}) => [word, distance]));
        encoder.words.forEach(({text}, word) => found.has(text) || found.set(text, moves.get(word)));
        return found;
    }

    // Words that both have: [{text, first, second}], the largest difference first.
    function sharedWords(one, other, values) {
        const [first, second] = [one, other].map((encoder) => movesIn(encoder, values));
        const shared = [...first.keys()].filter((text) => second.has(text) && /[\p{L}\p{N}]/u.test(text));
        const found = shared.map((text) => ({text, first: first.get(text), second: second.get(text)}));
        return found.sort((a, b) => Math.abs(b.first - b.second) - Math.abs(a.first - a.second));
    }

    // --- The chart ----------------------------------------------------------------------------------------------

    function svg(tag, attributes = {}, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    // One line and its points for each side: [{name, clipSkip, encoder}].
    function chart(lines) {
        const curves = lines.map(({encoder}) => numbers.meanChanges(encoder, "unet"));
        const layers = Math.max(...lines.map(({encoder}) => encoder.layers)), top = Math.max(...curves.flat(), 1e-9);
        const x = (layer) => ROOM.left + (layer - 1) / Math.max(layers - 1, 1) * (WIDE - ROOM.left - ROOM.right);
        const y = (value) => HIGH - ROOM.bottom - value / top * (HIGH - ROOM.top - ROOM.bottom);
        const drawn = svg("svg", {viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", class: "clip-skip-lab-both-chart"});
        drawn.setAttribute("aria-label", clipSkipLab.say("Mean change of the words in each layer: {lines}", {
            lines: lines.map(({name}, place) => `${name}: ${curves[place].slice(1).map((value) => colours.number(value)).join(", ")}`).join("; "),
        }));
        for (const share of [0, 0.5, 1]) {
            const at = y(top * share);
            drawn.append(svg("line", {x1: ROOM.left, x2: WIDE - ROOM.right, y1: at, y2: at, class: "rule"}),
                svg("text", {x: ROOM.left - 6, y: at + 4, "text-anchor": "end"}, colours.number(top * share)));
        }
        const step = Math.ceil(layers / 16);
        for (let layer = 1; layer <= layers; layer += step) {
            drawn.append(svg("text", {x: x(layer), y: HIGH - ROOM.bottom + 16, "text-anchor": "middle"}, String(layer)));
        }
        drawn.append(svg("text", {x: (ROOM.left + WIDE) / 2, y: HIGH - 2, "text-anchor": "middle"}, clipSkipLab.say("layer")));
        lines.forEach((line, place) => drawn.append(curve(line, curves[place], place, x, y)));
        return drawn;
    }

    function curve({name, encoder, clipSkip}, values, place, x, y) {
        const used = numbers.layerOf(encoder, clipSkip), group = svg("g", {class: `line-${place}`});
        const points = values.slice(1).map((value, index) => `${x(index + 1)},${y(value)}`);
        group.append(svg("polyline", {points: points.join(" ")}));
        values.forEach((value, layer) => {
            if (!layer) return;
            const size = layer === used ? 6 : 3, title = svg("title", {}, clipSkipLab.say("{name}: layer {layer} changes the words by {value}", {
                name, layer, value: colours.number(value),
            }));
            group.append(place ? svg("rect", {x: x(layer) - size, y: y(value) - size, width: 2 * size, height: 2 * size}, title)
                : svg("circle", {cx: x(layer), cy: y(value), r: size}, title));
        });
        return group;
    }

    function legend(lines) {
        const parts = lines.map(({name, clipSkip, encoder}, place) => {
            const stop = encoder.honoured ? clipSkipLab.say("{name} (stops after layer {layer} at clip skip {value})", {
                name, layer: numbers.layerOf(encoder, clipSkip), value: clipSkip,
            }) : name;
            return make("span", {className: `line-${place}`}, make("span", {textContent: place ? "■ " : "● ", ariaHidden: "true"}), stop);
        });
        return make("p", {className: "clip-skip-lab-both-legend"}, ...parts);
    }

    function charts(sides) {
        const names = [...new Set(sides.flatMap(({answer}) => answer.encoders.map(({name}) => name)))];
        return names.flatMap((encoderName) => {
            const lines = sides.flatMap(({name, clipSkip, answer}) => {
                const encoder = answer.encoders.find((one) => one.name === encoderName);
                return encoder ? [{name, clipSkip, encoder}] : [];
            });
            const title = make("h5", {textContent: clipSkipLab.say("{encoder}: mean change of the words in each layer, as the UNet receives them", {encoder: encoderName})});
            return [title, chart(lines), legend(lines)];
        });
    }

    // --- Distances and words ------------------------------------------------------------------------------------

    function distances(sides, values) {
        const [one, other] = values;
        return sides[0].answer.encoders.map((encoder, place) => {
            if (!encoder.honoured) {
                return make("p", {textContent: clipSkipLab.say("{name} ignores clip skip: it always gives layer {layer}.", encoder)});
            }
            const [first, second] = sides.map(({answer}) => colours.percent(distanceIn(answer.encoders[place], values)));
            return make("p", {textContent: clipSkipLab.say("{encoder}: from clip skip {one} to {other}, what the UNet receives changes by {first} in “{left}” and by {second} in “{right}”.", {
                encoder: encoder.name, one, other, first, second, left: sides[0].name, right: sides[1].name,
            })});
        });
    }

    function wordTable(sides, place, values) {
        const [one, other] = sides.map(({answer}) => answer.encoders[place]);
        if (!one.honoured) return [];
        const words = sharedWords(one, other, values);
        if (!words.length) return [make("p", {textContent: clipSkipLab.say("{encoder}: the two have no word in common.", {encoder: one.name})})];
        const cells = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, {textContent: text})));
        const caption = make("caption", {textContent: clipSkipLab.say("Words in both, {encoder}: how much each changes from clip skip {one} to {other}", {
            encoder: one.name, one: values[0], other: values[1],
        })});
        const head = make("thead", {}, cells("th", [clipSkipLab.say("Word"), sides[0].name, sides[1].name, clipSkipLab.say("Difference")]));
        const rows = words.slice(0, MOST_WORDS).map(({text, first, second}) => {
            const row = cells("td", [text, colours.percent(first), colours.percent(second), signed(second - first)]);
            row.firstChild.dir = "auto";
            return row;
        });
        const more = words.length > MOST_WORDS ? [make("p", {textContent: clipSkipLab.say("More words in both: {count}", {count: words.length - MOST_WORDS})})] : [];
        return [make("table", {}, caption, head, make("tbody", {}, ...rows)), ...more];
    }

    function signed(value) {
        return `${value < 0 ? "−" : "+"}${colours.percent(Math.abs(value))}`;
    }

    // Draws what can be said of two sides into an element.
    function draw(sides, further, container) {
        if (!isSameModel(sides)) {
            const why = clipSkipLab.say("States of different models cannot be compared number by number: only the curves are shown, each relative to its own states.");
            return container.replaceChildren(make("p", {textContent: why}), ...charts(sides));
        }
        const values = valuesOf(sides, further);
        const tables = sides[0].answer.encoders.flatMap((_, place) => wordTable(sides, place, values));
        return container.replaceChildren(...charts(sides), ...distances(sides, values), ...tables);
    }

    return {draw, isSameModel, valuesOf, sharedWords};
})();

// From reading to seeing, in the lens: "What does each layer see" runs a small sweep of the prompt over all clip skips and
// puts its pictures over the layers of the heatmap; "Sweep this prompt" fills in the sweep of txt2img.
(function () {
    "use strict";

    const {make} = clipSkipLab, lens = clipSkipLabLens, {find, until, goTo, sayIn, Refused} = clipSkipLabBring;
    const SCRIPT = "Clip skip sweep", NEW = "a new sweep", NONE = "None"; // as the panel says them (sweep/plan_keys.py)
    const LETTERS = 60; // of a prompt that is named
    const LARGE = 258; // px, as in style.css
    const seen = new Map(); // by prompt, negative prompt and model: the record of the sweep that shows it
    let parts = null, running = null; // what is running: its key

    function wantedOf({asked, model, encoders, highest}) {
        const lowest = Math.min(...encoders.filter(({honoured}) => honoured).map(({minimal}) => minimal));
        const values = Array.from({length: Math.max(highest - lowest + 1, 0)}, (_, place) => lowest + place);
        return {prompt: asked.prompt, negative: asked.negative_prompt ?? "", model: model.name, hash: model.hash, values};
    }

    function keyOf({asked, model}) {
        return JSON.stringify([asked.prompt, asked.negative_prompt ?? "", model.name, model.hash]);
    }

    function shortened(prompt) {
        const letters = [...prompt.replace(/\s+/g, " ").trim()];
        return letters.length > LETTERS ? `${letters.slice(0, LETTERS).join("")}…` : letters.join("");
    }

    // --- What each layer sees -----------------------------------------------------------------------------------

    async function look() {
        const {answer} = lens;
        if (!answer.encoders.some(({honoured}) => honoured)) {
            throw new Refused(clipSkipLab.say("All text encoders of this model ignore clip skip, so all images would be the same."));
        }
        const key = keyOf(answer), wanted = wantedOf(answer), {model} = await clipSkipLab.request("/model");
        if (model && model.name !== wanted.model) {
            throw new Refused(clipSkipLab.say("The loaded model is {now}, but the lens shows {then}. Press Show again first.", {now: model.name, then: wanted.model}));
        }
        running = key;
        switchButtons();
        say(clipSkipLab.say("Starting…"));
        try {
            const record = await clipSkipLabLensRun.run(wanted, (now) => tell(key, wanted, now));
            sayEnd(record);
        } finally {
            running = null;
            switchButtons();
        }
    }

    function tell(key, {prompt}, record) {
        parts.interrupt.disabled = record?.state !== "running";
        if (!record) return say(clipSkipLab.say("Waiting for its turn in txt2img…"));
        seen.set(key, record);
        showPictures();
        const counts = {done: doneOf(record), count: record.cells.length, prompt: shortened(prompt)};
        return say(clipSkipLab.say("{done} of {count} images of “{prompt}”", counts));
    }

    function doneOf({cells}) {
        return cells.filter(({state}) => state === "done").length;
    }

    function sayEnd(record) {
        const counts = {done: doneOf(record), count: record.cells.length};
        const reason = record.cells.find(({state}) => state === "failed")?.reason ?? record.problems[0];
        const link = make("a", {href: pageOf(record), target: "_blank", rel: "noopener", textContent: clipSkipLab.say("Open its page")});
        if (counts.done === counts.count) return say(clipSkipLab.say("{count} images are shown above the layers.", counts), false, " ", link);
        if (record.state === "interrupted") return say(clipSkipLab.say("Interrupted: {done} of {count} images.", counts), true, " ", link);
        return say(clipSkipLab.say("{done} of {count} images. {reason}", {...counts, reason: reason ?? ""}), true, " ", link);
    }

    // `page` is of a record whose page isn't a WebUI's: docs/try/.
    function pageOf({id, page = `./clip-skip-lab/v1/sweeps/${encodeURIComponent(id)}/page/`}, cell = null) {
        return cell === null ? page : `${page}#cell=${cell}-0`;
    }

    // --- The pictures over the layers ---------------------------------------------------------------------------

    const strips = new Set();

    // What stands over a heatmap of this answer: {element, lay}, where `lay({encoder, side, width, left})` puts the pictures
    // over the columns of its layers, `side` px from the left, `width` px each, scrolled by `left`.
    lens.over.push((answer) => {
        const element = make("div", {className: "clip-skip-lab-pictures", hidden: true}), strip = {answer, element, layout: null};
        for (const one of strips) if (one.layout && !one.element.isConnected) strips.delete(one);
        strips.add(strip);
        return {element, lay(layout) {
            const isOther = strip.layout?.encoder !== layout.encoder;
            strip.layout = layout;
            if (isOther) fillStrip(strip);
            place(strip);
        }};
    });

    function showPictures() {
        for (const strip of strips) {
            if (!strip.layout) continue;
            fillStrip(strip);
            place(strip);
        }
    }

    // By layer, the cell whose picture shows it.
    function cellsOf({cells}, encoder) {
        const found = new Map();
        for (const cell of cells) {
            const layer = lens.numbers.layerOf(encoder, cell.values["Clip skip"]);
            if (found.get(layer)?.state !== "done") found.set(layer, cell);
        }
        return found;
    }

    function fillStrip({answer, element, layout: {encoder}}) {
        const record = seen.get(keyOf(answer));
        element.hidden = !record || !encoder.honoured;
        if (element.hidden) return;
        const kept = new Map([...element.children].map((node) => [node.dataset.said, node])); // a picture is loaded once
        element.replaceChildren(...[...cellsOf(record, encoder)].map(([layer, cell]) => {
            const said = JSON.stringify([record.id, layer, cell.index, cell.state]);
            return kept.get(said) ?? picture(answer, record, layer, cell, said);
        }));
    }

    function picture({asked}, record, layer, cell, said) {
        const value = cell.values["Clip skip"], file = cell.pictures[0]?.small ?? cell.pictures[0]?.file;
        const says = {layer, value, prompt: shortened(asked.prompt)};
        if (cell.state !== "done" || !file) {
            const why = cell.state === "failed" ? cell.reason : clipSkipLab.say("not yet generated");
            const empty = make("span", {title: clipSkipLab.say("Layer {layer}, clip skip {value}: {why}", {...says, why})});
            Object.assign(empty.dataset, {layer, said});
            return empty;
        }
        const src = new URL(file.split("/").map(encodeURIComponent).join("/"), new URL(pageOf(record), document.baseURI)).href;
        const alt = clipSkipLab.say("What layer {layer} sees, clip skip {value}: “{prompt}”", says);
        const large = make("img", {src, alt: "", className: "clip-skip-lab-large"});
        const link = make("a", {href: pageOf(record, cell.index), target: "_blank", rel: "noopener", title: alt}, make("img", {src, alt}), large);
        Object.assign(link.dataset, {layer, said});
        return link;
    }

    function place({element, layout: {side, width, left}}) {
        const last = Math.max(element.clientWidth - LARGE, 0);
        element.style.setProperty("--size", `${width - 1}px`);
        for (const node of element.children) {
            const from = side + Number(node.dataset.layer) * width - left;
            node.style.left = `${from}px`;
            node.style.setProperty("--large-from", `${Math.min(Math.max(from + (width - LARGE) / 2, 0), last) - from}px`);
            node.style.visibility = from < side - width / 2 || from + width > element.clientWidth + width / 2 ? "hidden" : "";
        }
    }

    // --- The sweep of txt2img -----------------------------------------------------------------------------------

    const panel = (name, tag) => `#txt2img_script_container [id$=clip_skip_lab_${name}] :is(${tag})`;
    // What is filled in, in the order of the hidden button's outputs (ui/script.py).
    const FILLED = {
        prompt: () => find("#txt2img_prompt textarea").value,
        negative: () => find("#txt2img_neg_prompt textarea").value,
        script: () => find("#txt2img_script_container #script_list input").value,
        values: () => find(panel("values", "input, textarea")).value,
        draft: () => find(panel("draft", "input")).checked,
        resume: () => find(panel("resume", "input")).value,
        extend: () => find(panel("extend", "input")).value,
    };

    async function fill(wanted) {
        const before = Object.fromEntries(Object.entries(FILLED).map(([name, shown]) => [name, shown()]));
        window.clipSkipLabLensFill = Object.keys(FILLED).map((name) => wanted[name]);
        find("#clip_skip_lab_lens_fill").click();
        const checked = ["prompt", "negative", "script", "values"];
        await until(() => checked.every((name) => FILLED[name]() === wanted[name]), clipSkipLab.say("txt2img could not be filled in."));
        return before;
    }

    async function sweep() {
        const {asked} = lens.answer, values = parts.values.value.trim();
        if (!values) throw new Refused(clipSkipLab.say("There are no values to sweep."));
        goTo("txt2img");
        const wanted = {prompt: asked.prompt, negative: asked.negative_prompt ?? "", script: SCRIPT, values, draft: false, resume: NEW, extend: NONE};
        const before = await fill(wanted);
        find("#txt2img_script_container").scrollIntoView({block: "nearest"});
        find("#txt2img_generate").focus({preventScroll: true});
        if (JSON.stringify(before) === JSON.stringify(wanted)) return;
        const back = make("button", {type: "button", className: "clip-skip-lab-button", textContent: clipSkipLab.say("Restore what was here")});
        back.addEventListener("click", () => attempt(async () => {
            await fill(before);
            sayIn("txt2img", "");
        }));
        sayIn("txt2img", clipSkipLab.say("The lens filled in its prompt and values; Generate starts the sweep."), " ", back);
    }

    // --- The part of the page -----------------------------------------------------------------------------------

    function say(text, warns = false, ...more) {
        parts.said.replaceChildren(text, ...more);
        parts.said.classList.toggle("clip-skip-lab-warning", warns);
    }

    // Does it, and says why where it could not be done.
    async function attempt(action) {
        try {
            say("");
            await action();
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            say(error.message, true);
        }
    }

    function switchButtons() {
        parts.look.disabled = !lens.answer || running !== null;
        parts.sweep.disabled = !lens.answer;
        parts.interrupt.hidden = running === null;
        parts.interrupt.disabled = true;
    }

    function button(text, title, pressed) {
        return make("button", {type: "button", textContent: text, title, onclick: () => attempt(pressed)});
    }

    lens.onBuilt(({tools}) => {
        const said = make("p", {className: "clip-skip-lab-said"});
        said.setAttribute("role", "status");
        parts = {
            said,
            look: button(clipSkipLab.say("What each layer sees"), clipSkipLab.say("Runs a draft of a sweep over all clip skips in txt2img, with its sampler, steps, seed and size, but without styles and Hires. fix. The fields of txt2img stay unchanged; its gallery shows the images too."), look),
            sweep: button(clipSkipLab.say("Sweep this prompt"), clipSkipLab.say("Fills in the script “Clip skip sweep” in txt2img and goes there. Nothing starts until you press Generate, and what was there before can be restored."), sweep),
            interrupt: make("button", {type: "button", textContent: clipSkipLab.say("Interrupt"), onclick: clipSkipLabLensRun.interrupt}),
            values: make("input", {type: "text", value: find(panel("values", "input, textarea"))?.value ?? "", autocomplete: "off"}),
        };
        const label = make("label", {}, clipSkipLab.say("Clip skip values"), parts.values);
        switchButtons();
        const row = make("div", {className: "clip-skip-lab-lens-sweep"}, parts.look, parts.interrupt, label, parts.sweep);
        tools.after(row, said);
    });
    lens.onAnswer(() => parts && switchButtons());
})();

// The prompt lens in the tab "Clip skip sweeps": what is typed there, asking, and the views of the answer one below the
// other, which follow the slider.
(function () {
    "use strict";

    const TAB = "tab_clip_skip_lab";
    const WAITS_AFTER = 1500; // ms without an answer, then it is looked whether the WebUI generates
    const {Refused} = clipSkipLabBring, {make} = clipSkipLab, lens = clipSkipLabLens;

    let parts = null, views = {}, asked = 0, isTouched = false, isCompared = false, isNegative = false;

    function home() {
        return gradioApp().querySelector("#clip_skip_lab_lens .clip-skip-lab-lens");
    }

    // The clip skip that txt2img would use now.
    function inForce() {
        return clipSkipLab.override("txt2img") ?? (clipSkipLab.headerNumber()?.valueAsNumber || opts.CLIP_stop_at_last_layers);
    }

    // --- What is typed ----------------------------------------------------------------------------------------

    function area(text) {
        const field = make("textarea", {rows: 2, dir: "auto"});
        return {field, label: make("label", {}, text, field)};
    }

    function button(text, onclick, primary = false) {
        return make("button", {type: "button", textContent: text, onclick, className: primary ? "clip-skip-lab-primary" : ""});
    }

    function slider() {
        const range = make("input", {type: "range", min: 1, max: lens.HIGHEST, step: 1});
        const number = make("input", {type: "number", min: 1, max: lens.HIGHEST, step: 1});
        number.setAttribute("aria-label", clipSkipLab.say("Clip skip"));
        for (const input of [range, number]) {
            input.addEventListener("input", () => {
                isTouched = true;
                if (input.value && input.checkValidity()) lens.move(input.valueAsNumber);
            });
        }
        number.addEventListener("change", () => {
            lens.move(number.valueAsNumber);
            number.value = lens.clipSkip;
        });
        const element = make("div", {className: "clip-skip-lab-lens-slider"}, make("label", {}, clipSkipLab.say("Clip skip"), range), number);
        return {element, show(value, highest) {
            for (const input of [range, number]) {
                input.max = highest;
                if (input !== document.activeElement || input === range) input.value = value;
            }
        }};
    }

    function line(role) {
        const made = make("p", {className: role === "alert" ? "clip-skip-lab-warning" : ""});
        made.setAttribute("role", role);
        return made;
    }

    function build() {
        const prompt = area(clipSkipLab.say("Prompt")), negative = area(clipSkipLab.say("Negative prompt"));
        const look = button(clipSkipLab.say("Show"), () => ask(), true), take = button(clipSkipLab.say("From txt2img"), takeOver);
        look.title = "Ctrl+Enter";
        const tools = make("div", {className: "clip-skip-lab-tools"}, look, take);
        parts = {prompt: prompt.field, negative: negative.field, look, slider: slider(), status: line("status"), alert: line("alert"),
            results: make("div", {hidden: true})};
        const about = make("p", {textContent: clipSkipLab.say("What your prompt becomes in each layer of the text encoder, where clip skip stops, and how much that changes each word.")});
        const summary = make("summary", {}, make("h3", {textContent: clipSkipLab.say("Prompt lens")}));
        const folding = make("details", {open: true}, summary, about,
            make("div", {className: "clip-skip-lab-prompts"}, prompt.label, negative.label), tools, parts.status, parts.alert,
            parts.slider.element, parts.results);
        home().replaceChildren(folding);
        home().addEventListener("keydown", (event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
            // The host's keys look for this tab's Generate and Interrupt, which it has not, and would stumble.
            if (event.key === "Escape" || event.key === "Enter") event.stopPropagation();
        });
        lens.built({tools, results: parts.results});
    }

    function takeOver() {
        const typed = (name) => gradioApp().querySelector(`#txt2img_${name} textarea`)?.value ?? "";
        parts.prompt.value = typed("prompt");
        parts.negative.value = typed("neg_prompt");
        parts.look.focus();
    }

    // --- Asking -----------------------------------------------------------------------------------------------

    async function isGenerating() {
        if (gradioApp().querySelector(".progressDiv")) return true;
        try {
            return (await clipSkipLab.request("/running")).sweeps.length > 0;
        } catch {
            return false; // signed out, say: the question itself will tell
        }
    }

    // Resolves to the answer, or to null where something was asked later or it was refused, which is said then.
    async function answered(request) {
        const number = ++asked;
        parts.alert.textContent = "";
        parts.status.textContent = clipSkipLab.say("Working…");
        parts.results.setAttribute("aria-busy", "true");
        const waiting = setTimeout(async () => {
            const generates = await isGenerating();
            if (number === asked && parts.results.hasAttribute("aria-busy") && generates) {
                parts.status.textContent = clipSkipLab.say("Waiting for the WebUI to finish generating.");
            }
        }, WAITS_AFTER);
        let found = null, said = "", problem = "";
        try {
            found = await lens.ask(request);
            said = clipSkipLab.say("{name}, done in {seconds} s.",
                {name: found.model.name, seconds: lens.colours.number(found.seconds, found.seconds < 10 ? 2 : 0)});
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            problem = error.message;
        } finally {
            clearTimeout(waiting);
        }
        if (number !== asked) return null;
        parts.results.removeAttribute("aria-busy");
        parts.status.textContent = said;
        parts.alert.textContent = problem;
        return found;
    }

    async function ask() {
        if (!parts.prompt.value.trim()) {
            parts.alert.textContent = clipSkipLab.say("Enter a prompt first.");
            return;
        }
        const negative = parts.negative.value.trim();
        const found = await answered({
            prompt: parts.prompt.value, ...(negative ? {negative_prompt: parts.negative.value} : {}), clip_skip: lens.clipSkip,
            ...(isCompared ? {other_clip_skip: lens.other} : {}),
        });
        if (found) lens.show(found);
    }

    // Everything else stays as it is drawn, unless another model has answered.
    async function askForMixing() {
        const {answer} = lens, found = await answered({...answer.asked, clip_skip: lens.clipSkip, mixing: true});
        if (!found) return;
        if (found.model.name !== answer.model.name || lens.answer !== answer) {
            lens.show(found);
            return;
        }
        answer.encoders.forEach((encoder, at) => encoder.mixing = found.encoders[at].mixing);
        answer.negative?.encoders.forEach((encoder, at) => encoder.mixing = found.negative.encoders[at].mixing);
        drawMixing();
    }

    // --- Showing ----------------------------------------------------------------------------------------------

    function section(title, ...children) {
        const content = make("div"), element = make("section", {}, make("h4", {textContent: title}), ...children, content);
        return {content, element};
    }

    function add(view, title, choices = {}, ...children) {
        const {content, element} = section(title, ...children);
        parts.results.append(element);
        views[view] = lens.views[view](shownAnswer(), lens.clipSkip, content, choices);
        return content;
    }

    function drawMixing() {
        views.mixing = lens.views.mixing(shownAnswer(), lens.clipSkip, parts.mixing, {onAsk: askForMixing});
    }

    function shownAnswer() {
        return isNegative ? lens.negativeOf(lens.answer) : lens.answer;
    }

    function whichPrompt() {
        if (!lens.answer.negative) return [];
        const options = [["", clipSkipLab.say("Prompt")], ["negative", clipSkipLab.say("Negative prompt")]];
        return [lens.radios(clipSkipLab.say("Prompt to show"), options, isNegative ? "negative" : "", (value) => {
            isNegative = Boolean(value);
            show();
        })];
    }

    function figureTools() {
        const print = button(clipSkipLab.say("Print"), () => window.print());
        const save = button(clipSkipLab.say("Save as SVG"), () => lens.paper.save(views.figure.svg, `clip-skip-${lens.clipSkip}.svg`));
        return make("div", {className: "clip-skip-lab-tools"}, print, save);
    }

    function show() {
        if (isNegative && !lens.answer.negative) isNegative = false;
        views = {};
        parts.results.hidden = false;
        const said = lens.answer.sentences.map((text) => make("p", {textContent: text}));
        parts.results.replaceChildren(...said, ...whichPrompt());
        const onClipSkip = (value) => {
            isTouched = true;
            lens.move(value);
        };
        add("figure", clipSkipLab.say("From prompt to UNet"), {onClipSkip}, figureTools());
        add("heatmap", clipSkipLab.say("What each layer does to each token"), {onClipSkip});
        const onOther = (value) => {
            isCompared = true;
            lens.compareWith(value);
        };
        add("compared", clipSkipLab.say("How far apart two values are"), {other: lens.other, onOther});
        add("likeness", clipSkipLab.say("How alike the tokens are"));
        parts.mixing = add("mixing", clipSkipLab.say("Which words mix"), {onAsk: askForMixing});
    }

    lens.onAnswer(show);
    lens.onValue((clipSkip, other) => {
        parts?.slider.show(clipSkip, lens.answer?.highest ?? lens.HIGHEST);
        for (const view of Object.values(views)) view.move(clipSkip, other);
    });

    // --- When -------------------------------------------------------------------------------------------------

    function isShown() {
        return get_uiCurrentTabContent()?.id === TAB;
    }

    async function opened() {
        if (!isShown() || !home()) return;
        await clipSkipLab.words;
        if (!parts || !home().contains(parts.prompt)) build();
        if (!isTouched && !lens.answer) lens.move(inForce());
        parts.slider.show(lens.clipSkip, lens.answer?.highest ?? lens.HIGHEST);
    }

    onUiTabChange(opened);
    window.addEventListener("beforeprint", () => isShown() && views.figure && lens.paper.prepare(views.figure.svg));
    window.addEventListener("afterprint", () => lens.paper.done());
})();
