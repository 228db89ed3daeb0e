/** UTF-8 texts. Almost all are short and ASCII, and the general coders cost more than those texts themselves. */
const SHORT_TEXT_BYTES = 64;
/** Whether a text is short and has one byte for each character. */
export function isShortAscii(text) {
    if (text.length > SHORT_TEXT_BYTES)
        return false;
    for (let i = 0; i < text.length; i++)
        if (text.charCodeAt(i) > 0x7f)
            return false;
    return true;
}
export function encodeUtf8(text) {
    return new TextEncoder().encode(text);
}
/** Text of UTF-8 bytes; bytes that are none become replacement characters. */
export function decodeUtf8(bytes) {
    if (bytes.length <= SHORT_TEXT_BYTES && isAscii(bytes)) {
        return Reflect.apply(String.fromCharCode, null, bytes);
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
function isAscii(bytes) {
    for (let i = 0; i < bytes.length; i++)
        if (bytes[i] > 0x7f)
            return false;
    return true;
}
