import { describeChapter } from '../support.ts';

describeChapter('Crashes of the walb device');
