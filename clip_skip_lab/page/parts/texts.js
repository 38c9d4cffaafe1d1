// In which language the page speaks. English stands where it is said, `t("{count} failed", {count})`; the other languages
// are in `TRANSLATIONS`, which clip_skip_lab/page/assemble.py makes from the files of localizations/.

const LANGUAGES = ["en", ...Object.keys(TRANSLATIONS)];

const browser = navigator.language.toLowerCase();

let language = [stored("language"), browser, browser.split("-")[0]].find((code) => LANGUAGES.includes(code)) ?? "en";

// An English text in the page's language, with its {places} filled. The text is a literal, so that it can be found.
function t(text, parts = {}) {
    const shown = (part) => typeof part === "number" ? part.toLocaleString(language) : part;
    return (TRANSLATIONS[language]?.[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => shown(parts[name]));
}

// Sentences one after another: some languages write no space between them.
function inOneLine(sentences) {
    return sentences.reduce((before, next) => before ? t("{before} {next}", {before, next}) : next, "");
}

function nextLanguage() {
    return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];
}

// What a language calls itself.
function nameOfLanguage(code) {
    return new Intl.DisplayNames([code], {type: "language"}).of(code);
}
