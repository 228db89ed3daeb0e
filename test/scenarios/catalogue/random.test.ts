import { describeChapter } from '../support.ts';

describeChapter('Random operations');
