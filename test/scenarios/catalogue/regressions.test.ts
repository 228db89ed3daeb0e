import { describeChapter } from '../support.ts';

describeChapter('Regressions that chaos found');
