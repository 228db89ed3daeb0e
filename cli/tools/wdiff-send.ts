import { WdiffMerger } from '../../core/engine/merge.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { errorText, IoError, ProtocolError, TimeoutError } from '../../core/errors.ts';
import { digitsToUnixTime } from '../../core/format/time-text.ts';
import { uuidFromText } from '../../core/format/uuid.ts';
import { Channel } from '../../core/protocol/channel.ts';
import { negotiateAsClient } from '../../core/protocol/negotiation.ts';
import { sendPacks } from '../../core/protocol/pack-stream.ts';
import { packIos } from '../../core/protocol/packs.ts';
import { parseVolId } from '../../core/protocol/params.ts';
import { readWdiffAck, requestWdiffTransfer } from '../../core/protocol/wdiff-transfer.ts';
import { DEFAULT_COMPRESS_OPT } from '../../core/snapshot/host-info.ts';
import { type MetaDiff, makeDiff } from '../../core/snapshot/meta.ts';
import { parseWdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import { LOGICAL_BLOCK_BYTES, US_PER_S } from '../../core/units.ts';
import { readerOf, withInput } from './files.ts';
import { argument, flag, integer, integerArgument, optionalInteger, readOption, text } from './options.ts';
import { defineTool } from './tool.ts';
import { openWdiffInputs } from './wdiff-inputs.ts';

const CONNECT_STEP = 'wdiff-send.connect';

async function* iosOf(merger: WdiffMerger): AsyncGenerator<PlainIo> {
  for (let io: PlainIo | null = await merger.next(); io !== null; io = await merger.next()) yield io;
}

/** What stands behind the last slash. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export const wdiffSend = defineTool({
  name: 'wdiff-send',
  summary: 'sends a wdiff to an archive server, as a proxy server does',
  notes: [
    'What the diff is (gids, time, whether it may be merged) is said by the name of the file, unless -g0, -g1,\n-merge and -time are all given.',
    'The archive answers with a word: accept, or why it does not want the diff (docs/protocols.md, "Diff\ntransfer"). Another word than -msg is an error; with an expected word that is not accept nothing is sent.\nWhen the status is 0 after accept, the archive has the diff durably.',
  ],
  examples: [
    'wdiff-send a0.example.org 10200 vol0 12M 20240101000000-M--1-2.wdiff',
    'wdiff-send -g0 1 -g1 2 -merge 1 -time 20240101000000 localhost 10200 vol0 12M a.wdiff',
    'wdiff-send -msg too-old-diff localhost 10200 vol0 12M 20240101000000-M--1-2.wdiff',
  ],
  options: {
    gidB: optionalInteger('g0', 'GID', 'where the diff begins'),
    gidE: optionalInteger('g1', 'GID', 'where the diff ends'),
    isMergeable: optionalInteger('merge', '0|1', 'whether the diff may be merged', { max: 1 }),
    time: text('time', 'YYYYMMDDhhmmss', 'time of the diff, UTC', ''),
    uuid: text('uuid', 'HEX', 'uuid of the log that the diff comes from; that of the wdiff unless given', ''),
    expected: text('msg', 'WORD', 'answer that is expected', 'accept'),
    timeoutS: integer('timeout', 'S', 'seconds of silence after which the archive is given up', 10),
    node: text('node', 'NAME', 'name of this client', 'wdiff-send'),
    debug: flag('debug', 'accepted and ignored'),
    address: argument('ADDRESS', 'host of the archive'),
    port: integerArgument('PORT', 'its TCP port', { min: 1, max: 65535 }),
    volId: argument('VOL', 'volume'),
    sizeBytes: integerArgument('SIZE', 'size of the volume in bytes'),
    path: argument('WDIFF_PATH', 'wdiff, a regular file'),
  },
  async body(values, { io }) {
    const { address, port, path, expected } = values;
    const timeoutUs = values.timeoutS * US_PER_S;
    const volId = parseVolId(values.volId);
    const said = diffOf(values);
    const uuid =
      values.uuid === '' ? null : readOption('uuid', values.uuid, '32 hexadecimal digits', uuidFromText);
    await withInput(path, io, async (input) => {
      const diff = { ...said, dataSizeBytes: readerOf(input, 'a wdiff to be sent').sizeBytes };
      const [wdiff] = await openWdiffInputs([input], await io.codecs());
      const connection = await io.network.connect({ host: address, port }, timeoutUs, CONNECT_STEP);
      connection.setTimeouts(timeoutUs, timeoutUs);
      const channel = new Channel(connection);
      let isAccepted = false;
      try {
        await negotiateAsClient(channel, values.node, 'wdiff-transfer');
        const reply = await requestWdiffTransfer(channel, {
          volId,
          hostType: 'proxy',
          uuid: uuid ?? wdiff.uuid,
          sizeLb: Math.floor(values.sizeBytes / LOGICAL_BLOCK_BYTES),
          diff,
        });
        const word =
          reply.kind === 'accept' ? reply.kind : reply.kind === 'rejected' ? reply.word : reply.text;
        if (word !== expected) throw new Error(`bad response:${word}:${expected} expected`);
        if (reply.kind !== 'accept') return;
        isAccepted = true;
        const merger = await WdiffMerger.open([wdiff]);
        await sendPacks(channel, packIos(iosOf(merger), DEFAULT_COMPRESS_OPT, await io.codecs()));
        await readWdiffAck(channel);
      } catch (error) {
        throw isOfPeer(error) ? new Error(lostPeerText(error, isAccepted)) : error;
      } finally {
        channel.close();
      }
    });
    return 0;
  },
});

/** Whether an error comes from the connection, and not from the file. */
function isOfPeer(error: unknown): boolean {
  if (error instanceof ProtocolError || error instanceof TimeoutError) return true;
  return error instanceof IoError && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** An archive says nothing when it gives up a diff that it has accepted: it only closes. */
function lostPeerText(error: unknown, isAccepted: boolean): string {
  const text = errorText(error);
  return isAccepted
    ? `the archive accepted the diff and gave it up, for a reason that its log tells: ${text}`
    : `no answer of an archive: ${text}`;
}

/** What the command line, or else the name of the file, says about the diff; its size is not known yet. */
function diffOf({
  gidB,
  gidE,
  isMergeable,
  time,
  path,
}: {
  readonly gidB: number | null;
  readonly gidE: number | null;
  readonly isMergeable: number | null;
  readonly time: string;
  readonly path: string;
}): MetaDiff {
  if (gidB !== null && gidE !== null && isMergeable !== null && time !== '') {
    const timestamp = readOption('time', time, 'YYYYMMDDhhmmss', digitsToUnixTime);
    return makeDiff(gidB, gidE, { isMergeable: isMergeable === 1, timestamp });
  }
  if (path === '-') throw new Error('-g0, -g1, -merge and -time are needed for standard input');
  try {
    return parseWdiffFileName(baseName(path));
  } catch (error) {
    throw new Error(
      `${errorText(error)}: the file must have the name of a diff, or -g0, -g1, -merge and -time must all be given`,
    );
  }
}
