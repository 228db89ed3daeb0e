import { zlibSync } from 'fflate/browser';
import { inflateZlib } from './inflate.js';
/** Named `gzip` in the wdiff format, but framed as a zlib stream (RFC 1950). See docs/formats.md. */
export const gzipCodec = {
    type: 'gzip',
    compress: (data, level) => zlibSync(data, { level: zlibLevel(level) }),
    decompress: inflateZlib,
};
function zlibLevel(level) {
    const whole = Math.trunc(level);
    return whole >= 1 && whole <= 9 ? whole : 6;
}
