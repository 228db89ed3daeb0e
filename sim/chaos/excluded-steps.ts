const OPERATOR = "a call of the operator's program, which holds nothing; scenario u20 lets it die";
const DEBUGGING = 'only the commands dbg-set-state and dbg-set-base, which no operation uses, save with it';
const FORMATTING =
  'a device is formatted before there is anything to lose, and formatted again where that was cut';
const IN_ONE_PIECE =
  'its bytes were there with those of the word before it in every tour: a crash at that word is a crash here';

/**
 * Declared steps that crash points leave out, each with the reason. A test looks that no tour reaches one of them with
 * a server or a device, so that a reason that is not true any more is noticed.
 */
export const EXCLUDED_STEPS: ReadonlyMap<string, string> = new Map<string, string>([
  ...[
    'shutdown.send-request',
    'sleep.send-request',
    'version.text',
    'archive-info.send-request',
    'archive-info.reply',
    'archive-info.value',
    'snapshot.reply',
    'snapshot.gid',
    'bhash.control',
    'bhash.result',
    'bhash.hash',
    'virt-full-scan.size',
    'virt-full-scan.control',
    'virt-full-scan.encoded-size',
    'virt-full-scan.chunk',
    'virt-full-scan.send-ack',
    'virt-full-scan.end',
  ].map((step) => [step, OPERATOR] as const),
  ['archive.volume.save-state', DEBUGGING],
  ['archive.volume.save-base', DEBUGGING],
  ...['discard-probe', 'discard', 'super', 'verify', 'flush'].map(
    (step) => [`device.format.${step}`, FORMATTING] as const,
  ),
  ...['full-sync-stream.checksum', 'pack-stream.size', 'repl-resync.bulk', 'repl-diff.unused'].map(
    (step) => [step, IN_ONE_PIECE] as const,
  ),
  ['archive.base.zero', 'needs an image on thick volumes that is larger than its volume; tours have none'],
  [
    'archive.restore.remove-old',
    'removes what an earlier life left and its start could not remove: needs two failures in a row',
  ],
  [
    'archive.promote.remove-old',
    'removes what an earlier life left and its start could not remove: needs two failures in a row',
  ],
  ['archive.promote.grow', 'needs a cold copy behind the base from before a growth; tours apply none such'],
  ['device.redo.shrink', 'needs a pack whose header survived and whose data did not; tours draw none such'],
  ['bhash.send-dummy', 'is said by a server that hashes for longer than any volume of a tour takes'],
]);
