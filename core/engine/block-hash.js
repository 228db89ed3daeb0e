import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { BufferedReader } from './byte-stream.js';
import { murmur3x64128 } from './murmur3.js';
import { SipHasher } from './siphash.js';
const READ_BYTES = 256 * 1024;
/**
 * SipHash digests of the chunks of an image, the last chunk possibly shorter; `chunkBytes` 0 = one digest of all.
 * `addressLb` is where the image begins. Throws FormatError when the image does not end with a whole block.
 * See docs/operations.md, "Block hashes".
 */
export async function* blockHashes(source, chunkBytes, addressLb = 0) {
    const reader = new BufferedReader(source, READ_BYTES);
    const chunkLimit = chunkBytes === 0 ? Number.POSITIVE_INFINITY : chunkBytes;
    let hasher = new SipHasher();
    let chunkLb = addressLb;
    let inChunk = 0;
    for (;;) {
        const bytes = await reader.readSome(Math.min(READ_BYTES, chunkLimit - inChunk));
        if (bytes === null)
            break;
        hasher.update(bytes);
        inChunk += bytes.length;
        if (inChunk < chunkLimit)
            continue;
        yield { addressLb: chunkLb, digest: hasher.digest() };
        hasher = new SipHasher();
        chunkLb += inChunk / LOGICAL_BLOCK_BYTES;
        inChunk = 0;
    }
    if (reader.offset % LOGICAL_BLOCK_BYTES !== 0) {
        throw new FormatError('readBytes is not multiples of LOGICAL_BLOCK_SIZE', reader.offset);
    }
    if (inChunk > 0 || chunkBytes === 0)
        yield { addressLb: chunkLb, digest: hasher.digest() };
}
/**
 * The hash of an image as an archive tells it: chunks of `bulkBytes` (the last possibly shorter), each hashed with its
 * number as the seed, all xor-ed. It depends on the chunk size. See docs/operations.md, "Block hashes".
 */
export class StreamHash {
    #digest = new Uint8Array(16);
    #seed;
    constructor(initialSeed = 0) {
        this.#seed = initialSeed >>> 0;
    }
    /** Adds the next chunk. */
    add(chunk) {
        const digest = murmur3x64128(chunk, this.#seed);
        for (let i = 0; i < digest.length; i++)
            this.#digest[i] ^= digest[i];
        this.#seed = (this.#seed + 1) >>> 0;
    }
    /** The 16 bytes so far. */
    digest() {
        return this.#digest.slice();
    }
}
/** The stream hash of everything that a source gives. */
export async function streamHash(source, bulkBytes) {
    const reader = new BufferedReader(source, bulkBytes);
    const hash = new StreamHash();
    for (;;) {
        const chunk = await reader.readUpTo(bulkBytes);
        if (chunk.length > 0)
            hash.add(chunk);
        if (chunk.length < bulkBytes)
            return hash.digest();
    }
}
