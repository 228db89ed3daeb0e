import { describeChapter } from '../support.ts';

describeChapter('Situations that the original suites never test');
