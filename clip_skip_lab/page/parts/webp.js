// An animated WebP from single ones: the container alone, as the WebP container specification has it. The browser
// has encoded each frame already.

function littleEndian(value, bytes) {
    return Array.from({length: bytes}, (_, place) => (value >>> (8 * place)) & 255);
}

function ascii(text) {
    return [...text].map((character) => character.charCodeAt(0));
}

// A chunk has a name of four letters, its length, its content, and a byte more where the length is odd.
function chunk(name, ...parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const bytes = new Uint8Array(8 + length + length % 2);
    bytes.set([...ascii(name), ...littleEndian(length, 4)]);
    let at = 8;
    for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
    }
    return bytes;
}

// What is the picture in a WebP of one frame: its VP8, VP8L and ALPH chunks.
function frameChunks(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found = [];
    for (let at = 12; at + 8 <= bytes.length;) {
        const name = String.fromCharCode(...bytes.subarray(at, at + 4)), length = view.getUint32(at + 4, true);
        const end = at + 8 + length + length % 2;
        if (["VP8 ", "VP8L", "ALPH"].includes(name)) found.push(bytes.subarray(at, end));
        at = end;
    }
    return found;
}

// `frames` are WebP files of width × height pixels as bytes; `duration` is for each, in ms. It loops for ever.
function animatedWebp(frames, width, height, duration) {
    const size = [...littleEndian(width - 1, 3), ...littleEndian(height - 1, 3)];
    const animation = 0x02, noBlending = 0x02;
    const parts = [
        ascii("WEBP"),
        chunk("VP8X", [animation, 0, 0, 0, ...size]),
        chunk("ANIM", [0, 0, 0, 0, 0, 0]),
        ...frames.map((frame) => chunk("ANMF",
            [0, 0, 0, 0, 0, 0, ...size, ...littleEndian(duration, 3), noBlending], ...frameChunks(frame))),
    ];
    return new Blob([chunk("RIFF", ...parts)], {type: "image/webp"});
}
