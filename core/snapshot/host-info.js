import { FormatError } from '../errors.js';
import { COMPRESSION_TYPES } from '../world/codec.js';
export const DEFAULT_COMPRESS_OPT = Object.freeze({ type: 'snappy', level: 0, cpuCount: 1 });
const MAX_LEVEL = 9;
const MAX_U8 = 0xff;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;
/** Throws FormatError unless there is a host name and a port of 1..65535. */
export function verifyAddrPort(address, at = 0) {
    if (address.host === '')
        throw new FormatError('AddrPort::verify:addr is empty', at);
    if (address.port === 0)
        throw new FormatError('AddrPort::verify:port must not be 0', at);
}
export function writeAddrPort(w, address) {
    w.string(address.host);
    w.u16(address.port);
}
export function readAddrPort(r) {
    const at = r.offset;
    const address = { host: r.string(), port: r.u16() };
    verifyAddrPort(address, at);
    return address;
}
export function addrPortToText(address) {
    return `${address.host}:${address.port}`;
}
/** `host:port`, split at the first colon (so no IPv6 literal). Throws FormatError. */
export function addrPortFromText(text) {
    const colon = text.indexOf(':');
    if (colon < 0)
        throw new FormatError(`parseAddrPort:parse error:${text}`);
    const address = { host: text.slice(0, colon), port: unsigned(text.slice(colon + 1), MAX_U16) };
    verifyAddrPort(address);
    return address;
}
export function writeCompressOpt(w, opt) {
    w.u8(COMPRESSION_TYPES.indexOf(opt.type));
    w.u8(opt.level);
    w.u8(opt.cpuCount);
}
/** Throws FormatError for an unknown type, a level above 9 or no processor. */
export function readCompressOpt(r) {
    const at = r.offset;
    const typeNumber = r.u8();
    const type = COMPRESSION_TYPES[typeNumber];
    if (type === undefined)
        throw new FormatError(`CompressOpt::verify:invalid type:${typeNumber}`, at);
    return verifiedCompressOpt({ type, level: r.u8(), cpuCount: r.u8() }, at);
}
function verifiedCompressOpt(opt, at = 0) {
    if (opt.level > MAX_LEVEL)
        throw new FormatError(`CompressOpt::verify:invalid level:${opt.level}`, at);
    if (opt.cpuCount === 0)
        throw new FormatError(`CompressOpt::verify:invalid num cpu:${opt.cpuCount}`, at);
    return opt;
}
/** `snappy:0:1`. */
export function compressOptToText(opt) {
    return `${opt.type}:${opt.level}:${opt.cpuCount}`;
}
/** Reads `type:level:numCPU`; all three are required. Throws FormatError. */
export function compressOptFromText(text) {
    const parts = text.split(':');
    if (parts.length !== 3)
        throw new FormatError(`parseCompressOpt:parse error:${text}`);
    const type = COMPRESSION_TYPES.find((known) => known === parts[0]);
    if (type === undefined)
        throw new FormatError(`parseCompressionType:wrong type:${parts[0]}`);
    return verifiedCompressOpt({
        type,
        level: unsigned(parts[1], MAX_U8),
        cpuCount: unsigned(parts[2], MAX_U8),
    });
}
export function writeHostInfo(w, info) {
    writeAddrPort(w, info.address);
    writeCompressOpt(w, info.compression);
    w.u32(info.wdiffSendDelayS);
}
export function readHostInfo(r) {
    return { address: readAddrPort(r), compression: readCompressOpt(r), wdiffSendDelayS: r.u32() };
}
/** `127.0.0.1:15062 snappy:3:2 300`. */
export function hostInfoToText(info) {
    return `${addrPortToText(info.address)} ${compressOptToText(info.compression)} ${info.wdiffSendDelayS}`;
}
/** Reads the parameters `host:port [type:level:numCPU [delaySec]]`. Throws FormatError. */
export function hostInfoFromWords(words) {
    const [address, compression, delay] = words;
    if (address === undefined)
        throw new FormatError('host:port expected, got nothing');
    return {
        address: addrPortFromText(address),
        compression: compression === undefined ? DEFAULT_COMPRESS_OPT : compressOptFromText(compression),
        wdiffSendDelayS: delay === undefined ? 0 : unsigned(delay, MAX_U32),
    };
}
function unsigned(text, max) {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= max))
        throw new FormatError(`a number of 0 to ${max} expected, got ${text}`);
    return value;
}
