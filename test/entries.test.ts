import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries, PURE_ENTRIES, ROOT } from './entries.ts';

/** A name that an entry exports, and the file that defines it. */
interface ExportedName {
  readonly name: string;
  readonly file: string;
}

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The names that a source exports, followed to where they are defined. */
function exportedNames(path: string, text = textOf(path)): ExportedName[] {
  const found: ExportedName[] = [];
  const code = text.replace(/\/\*.*?\*\//gs, '').replace(/^\/\/.*$/gm, '');
  const at = (from: string) => join(dirname(path), from);
  for (const [, names, from] of code.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm)) {
    for (const item of (names as string).split(',')) {
      const name = item
        .replace(/^\s*(type )?/, '')
        .replace(/ as .*$/s, '')
        .trim();
      if (name === '') continue;
      const file = from === undefined ? importedFrom(code, name, path) : at(from);
      found.push(...definitionOf(name, file, path));
    }
  }
  for (const [, from] of code.matchAll(/^export (?:type )?\* from '([^']+)';/gm)) {
    found.push(...exportedNames(at(from as string)));
  }
  for (const [, name] of code.matchAll(DEFINITION)) found.push({ name: name as string, file: path });
  return found;
}

const DEFINITION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm;

/** Where a name comes from that a file exports without `from`. */
function importedFrom(code: string, name: string, path: string): string {
  for (const [, names, from] of code.matchAll(/^import (?:type )?\{([^}]*)\} from '(\.[^']+)';/gm)) {
    if (new RegExp(`\\b${name}\\b`).test(names as string)) return join(dirname(path), from as string);
  }
  return path;
}

/** Follows a name through files that only hand it on. */
function definitionOf(name: string, file: string, asker: string): ExportedName[] {
  const text = textOf(file);
  if (new RegExp(`^export .*(function\\*?|class|const|interface|type) ${name}\\b`, 'm').test(text)) {
    return [{ name, file }];
  }
  const further = exportedNames(file, text).find((one) => one.name === name);
  if (further === undefined) throw new Error(`${asker} exports ${name}, which ${file} does not have`);
  return [further];
}

/** Whether a docstring stands right before the definition of a name. */
function hasDocstring(name: string, text: string): boolean {
  const lines = text.split('\n');
  const at = lines.findIndex((line) =>
    new RegExp(`^export .*\\b(function\\*?|class|const|interface|type) ${name}\\b`).test(line),
  );
  return at > 0 && (lines[at - 1] as string).trimEnd().endsWith('*/');
}

describe('the entries of the package', () => {
  it('are those that are documented, each with a comment that says what it is for', () => {
    const readme = textOf('docs/embedding.md');
    for (const { name, source } of entries()) {
      expect(textOf(source), source).toMatch(/^\/\*\*\n \* `walbox/);
      expect(textOf(source), source).toContain(` * \`${name}\`: `);
      expect(readme).toContain(`| \`${name}\` |`);
    }
    const documented = [...readme.matchAll(/^\| `(walbox[\w/-]*)` \|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(
      entries()
        .map(({ name }) => name)
        .sort(),
    );
    expect(entries().map(({ name }) => name)).toEqual(expect.arrayContaining(PURE_ENTRIES));
  });

  it.each(entries())('$name exports names that have docstrings, each once', ({ source }) => {
    const names = exportedNames(source);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
    const bare = names.filter(({ name, file }) => !hasDocstring(name, textOf(file)));
    expect(bare.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
  });

  it('are read as the compiler reads them: a name without docstring is seen', () => {
    const text = '/** Says. */\nexport const a = 1;\n\nexport function b() {}\n';
    expect(hasDocstring('a', text)).toBe(true);
    expect(hasDocstring('b', text)).toBe(false);
    expect(exportedNames('core/x.ts', text).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(() => definitionOf('nothing', 'core/units.ts', 'x')).toThrow('does not have');
  });
});
