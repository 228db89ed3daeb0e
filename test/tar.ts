import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;

/** The regular files of a `.tar.gz`, by path (without a leading `./`). */
export function readTarGz(path: string): Map<string, Uint8Array> {
  const bytes = gunzipSync(readFileSync(path));
  const files = new Map<string, Uint8Array>();
  const text = (at: number, size: number) =>
    bytes
      .subarray(at, at + size)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK_BYTES <= bytes.length && bytes[at] !== 0; ) {
    const sizeBytes = Number.parseInt(text(at + 124, 12).trim(), 8);
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : '';
    const name = [prefix, text(at, 100)].filter((part) => part !== '').join('/');
    const type = text(at + 156, 1);
    const begin = at + BLOCK_BYTES;
    if (type === '0' || type === '') {
      files.set(name.replace(/^\.\//, ''), new Uint8Array(bytes.subarray(begin, begin + sizeBytes)));
    }
    at = begin + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}
