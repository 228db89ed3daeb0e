import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { complete } from './complete.ts';
import { LineReader } from './reader.ts';
import type { Session } from './session.ts';

const MAX_HISTORY = 1000;

/** A terminal's end of a session: line editing, completion, history. `history`: its file, empty for none. */
export async function runTerminal(
  session: Session,
  history: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<void> {
  const reader = new LineReader(session);
  const lines = createInterface({
    input,
    output,
    terminal: true,
    history: readHistory(history),
    historySize: MAX_HISTORY,
    removeHistoryDuplicates: true,
    completer: (line: string) => complete(line, session.names),
  });
  let typed: string[] = [];
  lines.on('history', (list) => {
    typed = list;
  });
  let isBusy = false;
  const prompt = () => {
    lines.setPrompt(reader.isWaiting ? '... ' : `${session.timeText} > `);
    lines.prompt();
  };
  await new Promise<void>((resolve) => {
    const waiting: string[] = [];
    let isOver = false;
    const work = async () => {
      if (isBusy) return;
      isBusy = true;
      for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
        if ((await reader.take(line)) === 'end') {
          isOver = true;
          lines.close();
          break;
        }
      }
      isBusy = false;
      if (isOver) resolve();
      else prompt();
    };
    lines.on('line', (line) => {
      waiting.push(line);
      void work();
    });
    lines.on('SIGINT', () => {
      if (isBusy) {
        session.interrupt();
        return;
      }
      if (!reader.isWaiting && lines.line === '')
        session.options.print('(Control-D or .exit ends the session)');
      reader.forget();
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
      prompt();
    });
    lines.on('close', () => {
      isOver = true;
      session.interrupt();
      if (!isBusy) resolve();
    });
    prompt();
  });
  writeHistory(history, typed);
}

/** Newest first, as readline has it. */
function readHistory(path: string): string[] {
  if (path === '' || !existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .reverse();
}

/** What cannot be kept is lost: a history is a convenience. */
function writeHistory(path: string, newestFirst: readonly string[]): void {
  if (path === '' || newestFirst.length === 0) return;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${[...newestFirst].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch {
    // No place to keep it.
  }
}
