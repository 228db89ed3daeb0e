import { describeChapter } from '../support.ts';

describeChapter('Normal operations');
