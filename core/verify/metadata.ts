/** The small files of servers' volumes: what each holds, and what is lost with it. See docs/operations.md. */
import { FormatError } from '../errors.ts';
import { Reader } from '../format/serializer.ts';
import { UUID_BYTES, uuidToText } from '../format/uuid.ts';
import { fullReplStateToText, readFullReplState } from '../snapshot/full-repl-state.ts';
import { addrPortToText, readHostInfo } from '../snapshot/host-info.ts';
import { stateToText } from '../snapshot/meta.ts';
import { readMetaLsidGid, readMetaState } from '../snapshot/meta-codec.ts';
import { readZeroClear, zeroClearToText } from '../snapshot/zero-clear.ts';
import { type FileCheck, type FileReport, formatProblem } from './finding.ts';

/** More is not read. */
const MAX_FILE_BYTES = 65536;

interface MetadataForm {
  /** What the file holds, as one text. Throws FormatError. */
  readonly read: (reader: Reader) => string;
  readonly cost: string;
  readonly remedy: string;
}

/** States that any server keeps on disk. */
const STATES: readonly string[] = ['SyncReady', 'Stopped', 'Target', 'Standby', 'Archived'];
const RESET =
  'reset the volume (walbc stop, reset-vol; where it is SyncReady clear it and init it again) and take a hash backup';

function readState(reader: Reader): string {
  const state = reader.string();
  if (!STATES.includes(state))
    throw new FormatError(`a state must be one of ${STATES.join(' ')}, got ${JSON.stringify(state)}`);
  return state;
}

const UUID_FORM: MetadataForm = {
  read: (reader) => uuidToText(reader.raw(UUID_BYTES)),
  cost: 'which log or lineage the volume belongs to; the server does not serve the volume',
  remedy:
    'write the 16 bytes back from a server that has them (walbc get uuid); else reset the volume at a storage server and take a hash backup; at an archive remove its files and take a full backup',
};

const FORMS: ReadonlyMap<string, MetadataForm> = new Map<string, MetadataForm>([
  [
    'state',
    {
      read: readState,
      cost: 'in which state the volume was; the server does not serve the volume',
      remedy:
        'write the state that it was in (a length byte and its name), if it is known; else clear the volume',
    },
  ],
  ['uuid', UUID_FORM],
  ['archive_uuid', UUID_FORM],
  [
    'base',
    {
      read: (reader) => stateToText(readMetaState(reader)),
      cost: 'at which snapshot the base image is: no snapshot can be restored',
      remedy: 'replicate the volume from another archive, or take a full backup',
    },
  ],
  [
    'done',
    {
      read(reader) {
        const { lsid, gid } = readMetaLsidGid(reader);
        return lsid === null || gid === null ? 'nothing yet' : `lsid ${lsid}, gid ${gid}`;
      },
      cost: 'up to where the log was delivered',
      remedy: RESET,
    },
  ],
  [
    'last_gid',
    {
      read: (reader) => `gid ${reader.u64Number()}`,
      cost: 'the newest gid that was given before the log was reset: a hash backup may give gids that replicas have',
      remedy: 'replicate with resync after the next hash backup; the file is written anew by the next reset',
    },
  ],
  [
    'path',
    {
      read: (reader) => reader.string(),
      cost: 'which device the volume is',
      remedy:
        'write the path of the device (a length byte and the text), or clear the volume and init it again',
    },
  ],
  [
    'size',
    {
      read: (reader) => `${reader.u64Number()} blocks`,
      cost: 'the size of the volume at this proxy',
      remedy: 'none: the next log from the storage server brings it',
    },
  ],
  [
    'full_repl_state',
    {
      read: (reader) => fullReplStateToText(readFullReplState(reader)),
      cost: 'how far a full replication had come: it begins from the start',
      remedy: 'remove the file',
    },
  ],
  [
    'zero_clear',
    {
      read: (reader) => zeroClearToText(readZeroClear(reader)),
      cost: 'which new part of the image is still to be cleared; the server does not serve the volume',
      remedy: 'remove the file, then take a hash backup',
    },
  ],
  [
    '.archive',
    {
      read: (reader) => addrPortToText(readHostInfo(reader).address),
      cost: 'where the archive is: nothing is sent to it',
      remedy: 'tell the proxy again (walbc archive-info delete, then add)',
    },
  ],
  [
    '.cold',
    {
      read: (reader) => `time ${reader.u64Number()}`,
      cost: 'the time of a cold snapshot, which is a shortcut only',
      remedy: 'remove the file; the server removes the cold copy at its next start',
    },
  ],
]);

/** The key of a file's form by its name, or null when the name says nothing. */
export function metadataForm(name: string): string | null {
  if (FORMS.has(name)) return name;
  const suffix = /\.(?:archive|cold)$/.exec(name)?.[0];
  return suffix === undefined || name.length === suffix.length ? null : suffix;
}

/** Verifies a small file of the form that `metadataForm` gave. */
export async function verifyMetadata(check: FileCheck, key: string): Promise<FileReport> {
  const form = FORMS.get(key);
  if (form === undefined) throw new FormatError(`${key} is no form of a metadata file`);
  const sizeBytes = Math.min(check.file.sizeBytes, MAX_FILE_BYTES);
  const reader = new Reader(await check.file.read(0, sizeBytes));
  check.onBytes(sizeBytes);
  const { cost, remedy } = form;
  try {
    const value = form.read(reader);
    if (reader.offset < check.file.sizeBytes) {
      check.report({
        severity: 'notice',
        offset: reader.offset,
        part: '',
        problem: `${check.file.sizeBytes - reader.offset} bytes stand behind the value, which nobody reads`,
        cost: '',
        remedy: 'none',
      });
    }
    return { kind: 'metadata', counts: { value } };
  } catch (error) {
    const { problem, offset } = formatProblem(error);
    check.report({ severity: 'damage', offset, part: key, problem, cost, remedy });
    return { kind: 'metadata', counts: {} };
  }
}
