/**
 * CRC-32 (IEEE) and CRC-64 (ECMA-182), both reflected, as the .xz container uses them.
 */
/** CRC-32 of `data`. Meant for short headers: it needs no table. */
export function crc32(data) {
    let crc = -1;
    for (const byte of data) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++)
            crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc >>> 0;
}
const POLYNOMIAL_LOW = 0xd7870f42;
const POLYNOMIAL_HIGH = 0xc96c5795;
/** 256 entries, low halves and high halves. */
function crc64Tables() {
    const lows = new Uint32Array(256);
    const highs = new Uint32Array(256);
    for (let byte = 0; byte < 256; byte++) {
        let low = byte;
        let high = 0;
        for (let bit = 0; bit < 8; bit++) {
            const mask = -(low & 1);
            low = ((low >>> 1) | (high << 31)) ^ (POLYNOMIAL_LOW & mask);
            high = (high >>> 1) ^ (POLYNOMIAL_HIGH & mask);
        }
        lows[byte] = low;
        highs[byte] = high;
    }
    return [lows, highs];
}
const [CRC64_LOWS, CRC64_HIGHS] = crc64Tables();
/** CRC-64 of `data`, as two unsigned halves. */
export function crc64(data) {
    let low = -1;
    let high = -1;
    for (let i = 0; i < data.length; i++) {
        const index = (low ^ data[i]) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ CRC64_LOWS[index];
        high = (high >>> 8) ^ CRC64_HIGHS[index];
    }
    return { low: ~low >>> 0, high: ~high >>> 0 };
}
