/** Compression types of the wdiff format, in the order of their numbers. See docs/formats.md. */
export const COMPRESSION_TYPES = ['none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'];
