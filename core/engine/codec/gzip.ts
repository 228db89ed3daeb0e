import { zlibSync } from 'fflate/browser';
import type { Codec } from '../../world/codec.ts';
import { inflateZlib } from './inflate.ts';

/** Named `gzip` in the wdiff format, but framed as a zlib stream (RFC 1950). See docs/formats.md. */
export const gzipCodec: Codec = {
  type: 'gzip',
  compress: (data, level) => zlibSync(data, { level: zlibLevel(level) }),
  decompress: inflateZlib,
};

function zlibLevel(level: number): 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  const whole = Math.trunc(level);
  return whole >= 1 && whole <= 9 ? (whole as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) : 6;
}
