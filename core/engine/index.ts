/**
 * `walbox/engine`: what is done with logs and diffs: read, convert, merge, read virtually, apply, redo, hash. Works on
 * streams that are pulled (`ByteSource`), so that no file needs to be in memory. Pure: bring your own streams, or take
 * those in memory that are here and those of Node in walbox/native.
 */
export { abortableIos, abortableSource } from './abort.ts';
export { type ApplyOptions, applyIos, type DiscardMode } from './apply.ts';
export { blockHashes, type ChunkHash, streamHash } from './block-hash.ts';
export { BufferedReader, type ByteSink, type ByteSource, type RandomReader } from './byte-stream.ts';
export { type CodecSet, inlineCodecPool, loadPortableCodecs } from './codec-registry.ts';
export type { DeviceWriterOptions, DeviceWriteSteps } from './device-writer.ts';
export { DiffMemory } from './diff-memory.ts';
export { IndexedWdiffWriter, type IndexedWriterOptions } from './indexed-wdiff-writer.ts';
export { type CompressionOption, SNAPPY } from './io-codec.ts';
export { MemorySink, memoryReader, memorySource } from './memory-stream.ts';
export { DEFAULT_MAX_IO_LB, type MergeOptions, WdiffMerger } from './merge.ts';
export { type OpenWdiffOptions, openWdiff, openWdiffs, sourceOf } from './open-wdiff.ts';
export type { PackerOptions } from './pack-image.ts';
export { type IoStream, NO_DATA, type PlainIo } from './plain-io.ts';
export { type BlocksToRead, type ImageLayers, readBlocks } from './read-blocks.ts';
export { openSortedWdiff, type SortedReaderOptions } from './sorted-wdiff-reader.ts';
export { SortedWdiffWriter, writeSortedWdiff } from './sorted-wdiff-writer.ts';
export { StatCollector, type StatOptions, type StatResult } from './stat/collect.ts';
export type { FileStat } from './stat/file-stat.ts';
export { VirtualImage, type VirtualImageOptions } from './virtual-image.ts';
export type { WdiffInput } from './wdiff-input.ts';
export { type LogIo, openWlog, type WlogEnd, WlogReader, type WlogReaderOptions } from './wlog-reader.ts';
export { type RedoOptions, type RedoResult, redoWlog } from './wlog-redo.ts';
export { type ConvertOptions, convertToIndexed, convertToSorted } from './wlog-to-wdiff.ts';
export { WlogWriter } from './wlog-writer.ts';
export { writeMerged } from './write-merged.ts';
