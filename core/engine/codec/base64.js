const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The bytes of standard base64 with padding. For data that the program itself carries; bad characters count as zero. */
export function decodeBase64(text) {
    const values = new Uint8Array(128);
    for (let i = 0; i < ALPHABET.length; i++)
        values[ALPHABET.charCodeAt(i)] = i;
    const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
    const out = new Uint8Array((text.length / 4) * 3 - padding);
    for (let i = 0, at = 0; i < text.length; i += 4) {
        const word = (values[text.charCodeAt(i)] << 18) |
            (values[text.charCodeAt(i + 1)] << 12) |
            (values[text.charCodeAt(i + 2)] << 6) |
            values[text.charCodeAt(i + 3)];
        out[at++] = word >> 16;
        // Writes past the end (padding) are ignored by the array.
        out[at++] = word >> 8;
        out[at++] = word;
    }
    return out;
}
