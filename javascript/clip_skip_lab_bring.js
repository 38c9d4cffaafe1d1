// Bringing something into a tab as a person would: an infotext by the prompt and ↙️, a picture by dropping its file.
//
// The host itself reads an infotext, so whatever it knows to bring back comes back, other extensions' fields included.
// The host loads scripts in the order of their names: this one before those that use it.
window.clipSkipLabBring = (function () {
    "use strict";

    const LONGEST_WAIT = 20000, LOOK_EVERY = 50; // ms

    // What could not be done, in words for the user.
    class Refused extends Error {}

    function find(css) {
        return gradioApp().querySelector(css);
    }

    async function until(condition, otherwise) {
        const end = Date.now() + LONGEST_WAIT;
        while (!condition()) {
            if (Date.now() > end) throw new Refused(otherwise);
            await new Promise((done) => setTimeout(done, LOOK_EVERY));
        }
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
            clipSkipLab.say("The WebUI did not take over the picture's parameters; nothing was started."));
    }

    // As if the file were dropped there; the host's own buttons also bring the page's settings, at any time later.
    // Returns the image, loaded.
    async function picture(box, address) {
        const unsent = clipSkipLab.say("The picture could not be sent to img2img; nothing was started.");
        const blob = await (await fetch(address)).blob();
        find(`${box} button[aria-label=Clear]`)?.click();
        await until(() => find(`${box} input[type=file]`), unsent);
        const dropped = new DataTransfer();
        dropped.items.add(new File([blob], "picture.png", {type: blob.type}));
        const input = find(`${box} input[type=file]`);
        input.files = dropped.files;
        input.dispatchEvent(new Event("change"));
        await until(() => find(`${box} img`)?.naturalWidth, unsent);
        return find(`${box} img`);
    }

    return {Refused, find, until, fill, infotext, picture};
})();
