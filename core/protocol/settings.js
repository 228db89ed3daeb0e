import { FormatError } from '../errors.js';
import { Reader, Writer } from '../format/serializer.js';
import { parseUnitSize } from '../format/size-text.js';
import { addrPortFromText, compressOptFromText, readCompressOpt, readHostInfo, } from '../snapshot/host-info.js';
import { parseBulkLb, parseFlag, requireWords, wordOr } from './params.js';
/** Settings that travel in conversations: compression, an archive's address, how to replicate. */
const DEFAULT_COMPRESSION_TEXT = 'snappy:0:1';
const COMPRESS_OPT_BYTES = 3;
/** Above it, xz streams need more memory than the original's decoder allows itself. */
const MAX_LZMA_LEVEL = 6;
/** The level that is really used: xz levels that the original cannot decode are lowered. */
export function effectiveLevel(opt) {
    return opt.type === 'lzma' ? Math.min(opt.level, MAX_LZMA_LEVEL) : opt.level;
}
/** Reads type, level and cpu count. Throws FormatError when one is out of range. */
export async function receiveCompressOpt(channel, step) {
    return readCompressOpt(new Reader(await channel.readBytes(COMPRESS_OPT_BYTES, step)));
}
/** Reads an archive's settings. */
export async function receiveHostInfo(channel, step) {
    const bytes = new Writer();
    bytes.string(await channel.readString(step));
    bytes.u16(await channel.readU16(step));
    bytes.raw(await channel.readBytes(COMPRESS_OPT_BYTES, step));
    bytes.u32(await channel.readU32(step));
    return readHostInfo(new Reader(bytes.finish()));
}
/** `addr:port [doResync [dontMerge [compression [maxWdiffMergeSize [bulkSize]]]]]` */
export function parseHostInfoForRepl(words) {
    requireWords(words, 1);
    const info = {
        address: addrPortFromText(words[0]),
        doResync: parseFlag(wordOr(words, 1, '0')),
        dontMerge: parseFlag(wordOr(words, 2, '0')),
        compression: compressOptFromText(wordOr(words, 3, DEFAULT_COMPRESSION_TEXT)),
        maxWdiffMergeBytes: parseUnitSize(wordOr(words, 4, '1g')),
        bulkLb: parseBulkLb(wordOr(words, 5, '256k'), 'parseHostInfoForRepl'),
    };
    if (info.maxWdiffMergeBytes === 0) {
        throw new FormatError('HostInfoForRepl::verify:maxWdiffMergeSize must not be 0');
    }
    return info;
}
