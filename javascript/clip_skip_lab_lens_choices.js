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
