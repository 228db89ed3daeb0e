import { siteScenario } from '../lib/site.ts';

export const u42 = siteScenario({
  name: 'u42-no-remote-commands',
  purpose: 'Servers run no commands for those who can reach them: each refuses, and goes on',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    for (const server of [s0, p0, a0]) {
      for (const args of [
        ['/bin/ls', '/'],
        ['/bin/sh', '-c', 'exit 0'],
      ]) {
        await story.refused(
          `walbc.runRemoteCommand(${server.name}, [${args.join(', ')}])`,
          () => walbc.runRemoteCommand(server, args),
          'exec command is disabled',
        );
      }
      const run = walbc.getRunRemoteCommand(server);
      await story.refused(
        `walbc.getRunRemoteCommand(${server.name})(['/bin/true'])`,
        () => run(['/bin/true']),
        'exec command is disabled',
      );
    }
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
