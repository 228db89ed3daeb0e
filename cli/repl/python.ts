/**
 * The few things of Python that the operators' documents of walb-tools type: a prompt before a line, comments,
 * `print x`, and `for x in list:` with an indented block.
 */

const PROMPT = /^\s*(?:python>|>>>|\.\.\.)\s?/;
const FOR = /^(\s*)for\s+([A-Za-z_]\w*)\s+in\s+(.+):\s*(.*)$/;
const PRINT = /^(\s*)print\s+(?![=.,)+*/-])(.+)$/;

export interface PlainCode {
  /** JavaScript as far as the above goes. */
  readonly code: string;
  /** A block of Python is open: an empty line ends it. */
  readonly isOpen: boolean;
}

/** Makes JavaScript of what was typed; what is JavaScript already stays as it is. */
export function fromPython(typed: string): PlainCode {
  const lines = typed
    .split('\n')
    .map((line) => line.replace(PROMPT, (prompt) => (/\.\.\./.test(prompt) ? '  ' : '')));
  const out: string[] = [];
  /** Indentations of the lines that opened the blocks. */
  const blocks: number[] = [];
  const close = (indent: number) => {
    while (blocks.length > 0 && indent <= (blocks.at(-1) ?? 0)) {
      blocks.pop();
      out.push('}');
    }
  };
  for (const line of lines) {
    if (/^\s*#(?!\w+\s*(?:in\b|\())/.test(line)) continue;
    if (line.trim() === '') {
      close(0);
      continue;
    }
    close(/^\s*/.exec(line)?.[0].length ?? 0);
    const loop = FOR.exec(line);
    if (loop !== null) {
      const [, indent = '', name = '', list = '', rest = ''] = loop;
      const head = `${indent}for (const ${name} of ${list}) {`;
      if (rest !== '') out.push(`${head} ${printed(rest)} }`);
      else {
        out.push(head);
        blocks.push(indent.length);
      }
      continue;
    }
    out.push(printed(line));
  }
  const isOpen = blocks.length > 0;
  return { code: out.join('\n'), isOpen };
}

function printed(line: string): string {
  return line.replace(PRINT, (_, indent: string, what: string) => `${indent}print(${what})`);
}
