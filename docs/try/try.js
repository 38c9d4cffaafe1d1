// Light or dark, and English or Japanese, as a sweep's page decides it: what was chosen there or here, else the browser's.
window.clipSkipLabTry = (() => {
    "use strict";

    const KEY = "clip-skip-lab:language", LANGUAGES = {en: "English", ja: "日本語"};

    function stored() {
        try {
            return JSON.parse(localStorage.getItem(KEY));
        } catch { // storage is switched off, or holds what something else wrote
            return null;
        }
    }

    const language = [stored(), navigator.language.slice(0, 2).toLowerCase()].find((code) => code in LANGUAGES) ?? "en";
    document.documentElement.lang = language;

    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => document.body.classList.toggle("dark", dark.matches);
    dark.addEventListener("change", follow);
    follow();

    document.addEventListener("DOMContentLoaded", () => {
        const button = document.getElementById("language"), other = language === "en" ? "ja" : "en";
        Object.assign(button, {textContent: LANGUAGES[other], lang: other, hidden: false});
        button.addEventListener("click", () => {
            try {
                localStorage.setItem(KEY, JSON.stringify(other));
            } catch {
                return; // it could not be kept over the reload
            }
            location.reload();
        });
    });

    return {language};
})();
