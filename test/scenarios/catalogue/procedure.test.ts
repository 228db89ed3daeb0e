import { describeChapter } from '../support.ts';

describeChapter('Procedures of the troubleshooting documents');
