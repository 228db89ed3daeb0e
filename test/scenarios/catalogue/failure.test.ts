import { describeChapter } from '../support.ts';

describeChapter('Failures');
