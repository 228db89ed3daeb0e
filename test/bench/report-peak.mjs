/** Loaded into a program by `--import`: writes its largest resident memory in MiB to a file when it ends. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const path = process.env.WALBOX_PEAK_FILE;
  if (path !== undefined) writeFileSync(path, String(process.resourceUsage().maxRSS / 1024));
});
