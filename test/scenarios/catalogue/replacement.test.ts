import { describeChapter } from '../support.ts';

describeChapter('Replacement');
