/**
 * `walbox/native`: this machine, for the core: Node's files, streams, devices, network, clocks and codecs as the ports
 * and streams that the other entries take. Needs Node.
 */
export { nodeClock } from './clock.ts';
export { type ThreadedCodecPool, type ThreadedCodecPoolOptions, threadedCodecPool } from './codec-pool.ts';
export { loadNativeCodecs, nativeCodecPool } from './codecs.ts';
export { type FileDeviceOptions, openFileDevice } from './file-device.ts';
export { nodeFileStore } from './file-store.ts';
export { handleReader, handleSink, handleSource } from './file-stream.ts';
export { runLocalCommand } from './local-command.ts';
export { LOG_LEVELS, type LogLevel, textLog } from './log.ts';
export { nodeNetwork } from './network.ts';
export { createOutputFile, type OutputFile } from './output-file.ts';
export { nodeRandom } from './random.ts';
export { streamSink, streamSource } from './stdio.ts';
export { createTurn } from './turn.ts';
export { nativeWorld } from './world.ts';
