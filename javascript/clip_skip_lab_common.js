// What the page's scripts have in common.
window.clipSkipLab = {
    // "ja" or "en": the host's localization where one is chosen, else the browser's language.
    language() {
        const chosen = opts.localization;
        return /^ja/i.test(chosen && chosen !== "None" ? chosen : navigator.language) ? "ja" : "en";
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
};
