import { COMMAND_DIALOGUES } from './command-dialogues.ts';
import type { Dialogue } from './dialogue-kit.ts';
import { SERVER_DIALOGUES } from './server-dialogues.ts';

/** Both sides of every conversation, small, to be run against each other and against nonsense. */
export const DIALOGUES: readonly Dialogue[] = [...COMMAND_DIALOGUES, ...SERVER_DIALOGUES];

export { codecs } from './dialogue-kit.ts';
