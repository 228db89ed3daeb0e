import type { FuzzTarget } from '../target.ts';
import { CODEC_TARGETS } from './codecs.ts';
import { FORMAT_TARGETS } from './formats.ts';
import { PROTOCOL_TARGETS } from './protocols.ts';
import { STREAM_TARGETS } from './streams.ts';
import { TEXT_TARGETS } from './texts.ts';
import { VALUE_TARGETS } from './values.ts';

/** Every decoder of walbox. */
export const TARGETS: readonly FuzzTarget[] = [
  ...FORMAT_TARGETS,
  ...STREAM_TARGETS,
  ...VALUE_TARGETS,
  ...CODEC_TARGETS,
  ...TEXT_TARGETS,
  ...PROTOCOL_TARGETS,
];
