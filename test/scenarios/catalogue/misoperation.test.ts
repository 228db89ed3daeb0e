import { describeChapter } from '../support.ts';

describeChapter('Misoperations');
