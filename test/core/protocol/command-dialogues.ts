import * as archiveInfo from '../../../core/protocol/archive-info.ts';
import * as bhash from '../../../core/protocol/bhash.ts';
import * as builtin from '../../../core/protocol/builtin.ts';
import * as command from '../../../core/protocol/command.ts';
import { askGet, receiveGet } from '../../../core/protocol/get.ts';
import * as snapshot from '../../../core/protocol/snapshot.ts';
import * as scan from '../../../core/protocol/virt-full-scan.ts';

import {
  codecs,
  type Dialogue,
  dialogue,
  HASH,
  INFO,
  image,
  reader,
  TRUE_IMAGE,
  writer,
} from './dialogue-kit.ts';

/** Conversations with operators. */
export const COMMAND_DIALOGUES: readonly Dialogue[] = [
  dialogue(
    'get',
    'get',
    (c) => askGet(c, ['diff', 'vol0', '1', '5']),
    async (s) => {
      const question = await receiveGet(s);
      await command.replyValue(s, ['line 1', 'line 2']);
      return question;
    },
    ['line 1', 'line 2'],
    { target: 'diff', words: ['vol0', '1', '5'] },
  ),
  dialogue(
    'get, refused',
    'get',
    (c) => askGet(c, ['state', 'vol0']).catch((error) => error.message),
    async (s) => {
      await receiveGet(s);
      await command.replyError(s, 'getState:no\n<<<STACKTRACE>>> 0x1');
    },
    'c2xGetClient:getState:no',
    undefined,
  ),
  dialogue(
    'status',
    'status',
    async (c) => {
      await command.sendWords(c, ['vol0'], 'client');
      return command.readLinesReply(c, 'client');
    },
    async (s) => {
      const words = await command.receiveWords(s, 'server', 1);
      await command.replyValue(s, ['hostType archive']);
      return words;
    },
    ['hostType archive'],
    ['vol0'],
  ),
  dialogue(
    'restore',
    'restore',
    async (c) => {
      await command.sendWords(c, ['vol0', '7'], 'client');
      await command.expectReply(c, 'accept', 'client');
    },
    async (s) => {
      const words = await command.receiveWords(s, 'server', 2);
      await command.replyAccept(s);
      return words;
    },
    undefined,
    ['vol0', '7'],
  ),
  dialogue(
    'shutdown',
    'shutdown',
    (c) => builtin.askShutdown(c, true),
    async (s) => {
      const isForce = await builtin.receiveShutdown(s);
      await builtin.replyShutdown(s);
      return isForce;
    },
    undefined,
    true,
  ),
  dialogue(
    'sleep',
    'sleep',
    (c) => builtin.askSleep(c, 300),
    async (s) => {
      const seconds = await builtin.receiveSleep(s);
      await builtin.replySleep(s);
      return seconds;
    },
    undefined,
    300,
  ),
  dialogue(
    'version',
    'version',
    builtin.askVersion,
    (s) => builtin.replyVersion(s, 'version:1'),
    'version:1',
    undefined,
  ),
  dialogue(
    'archive-info add',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'add', volId: 'vol0', archiveName: 'a0', info: INFO }),
    async (s) => {
      const request = await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, null);
      return request;
    },
    null,
    { action: 'add', volId: 'vol0', archiveName: 'a0', info: INFO },
  ),
  dialogue(
    'archive-info get',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'get', volId: 'vol0', archiveName: 'a0', info: null }),
    async (s) => {
      await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, INFO);
    },
    INFO,
    undefined,
  ),
  dialogue(
    'archive-info list',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'list', volId: 'vol0', archiveName: null, info: null }),
    async (s) => {
      await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, ['a0', 'a1']);
    },
    ['a0', 'a1'],
    undefined,
  ),
  dialogue(
    'snapshot',
    'snapshot',
    (c) => snapshot.askSnapshot(c, 'vol0'),
    async (s) => {
      await command.receiveWords(s, 'server', 1);
      await snapshot.replySnapshot(s, 300);
    },
    300,
    undefined,
  ),
  dialogue(
    'bhash',
    'bhash',
    (c) => bhash.askBlockHash(c, ['vol0', '2']),
    async (s) => {
      await command.receiveWords(s, 'server');
      await bhash.acceptBlockHash(s);
      await bhash.sayStillHashing(s);
      await bhash.sayStillHashing(s);
      await bhash.replyBlockHash(s, HASH);
    },
    HASH,
    undefined,
  ),
  dialogue(
    'bhash, failed at work',
    'bhash',
    (c) => bhash.askBlockHash(c, ['vol0', '2']).catch((error) => error.message),
    async (s) => {
      await command.receiveWords(s, 'server');
      await bhash.acceptBlockHash(s);
      await bhash.failBlockHash(s, 'it failed');
    },
    'c2aBlockHashClient:it failed',
    undefined,
  ),
  dialogue(
    'virt-full-scan',
    'virt-full-scan',
    async (c) => {
      const target = writer(image([0, 0, 0, 0, 0, 0, 0, 0, 0]));
      const sizeLb = await scan.askVirtFullScan(c, ['vol0', '2', '1k'], {
        bulkLb: 2,
        codecs,
        open: async () => {},
        sync: async () => {},
        writeChunk: target.writeChunk,
      });
      return [sizeLb, target.content];
    },
    async (s) => {
      await command.receiveWords(s, 'server');
      await scan.acceptVirtFullScan(s);
      await scan.sendVirtFullScan(s, { sizeLb: 9, bulkLb: 2, codecs, readChunk: reader(TRUE_IMAGE) });
    },
    [9, TRUE_IMAGE],
    undefined,
  ),
];
