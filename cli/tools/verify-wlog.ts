import { BufferedReader, type ByteSource } from '../../core/engine/byte-stream.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { errorText, FormatError } from '../../core/errors.ts';
import { withFiles, withInput } from './files.ts';
import { flag, text } from './options.ts';
import { textLines } from './text-lines.ts';
import { defineTool } from './tool.ts';
import { RECIPE_NOTE, verifyLog } from './verify-log.ts';
import { checkWlogEnd, NO_END } from './wlog-end.ts';

/** The lines of a recipe, whose errors are not taken for such of the log. */
export async function* recipeLines(source: ByteSource): AsyncGenerator<string> {
  try {
    yield* textLines(source);
  } catch (error) {
    throw error instanceof FormatError ? new Error(`recipe: ${errorText(error)}`) : error;
  }
}

export const verifyWlog = defineTool({
  name: 'verify_wlog',
  summary: 'compares the records of a wlog with a recipe of what was written',
  notes: [RECIPE_NOTE],
  examples: ['verify_wlog -r recipe.txt -w a.wlog', 'wlog-cat ldev.img | verify_wlog -r recipe.txt'],
  options: {
    recipe: text('r', 'RECIPE', 'recipe, - for standard input', '-'),
    wlog: text('w', 'WLOG', 'wlog, - for standard input', '-'),
    noEnd: NO_END,
    debug: flag('debug', 'accepted and ignored'),
  },
  async body(values, { io, out }) {
    if (values.recipe === '-' && values.wlog === '-') {
      throw new Error('recipe and wlog must not both come from standard input.');
    }
    const recipes = values.recipe === '-' ? [] : [values.recipe];
    const badCount = await withFiles(recipes, io, (files) =>
      withInput(values.wlog, io, async ({ source }) => {
        const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
        if (wlog === null) throw new FormatError('eof error: a wlog header expected');
        const count = await verifyLog(wlog, recipeLines(files.at(0)?.source ?? io.stdin), null, out);
        if (!values.noEnd) checkWlogEnd(wlog);
        return count;
      }),
    );
    return badCount === 0 ? 0 : 1;
  },
});
