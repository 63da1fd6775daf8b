import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../launcher/paths';
import { loadKubeConfig } from '../../src/kubernetes';

describe('docker-compose.yml', () => {
  it("gives the client a kubeconfig for the simulator's container that it accepts", () => {
    const path = join(projectRoot(), 'scripts', 'compose', 'simulator.kubeconfig');
    expect(loadKubeConfig(path).getCurrentCluster()).toMatchObject({
      server: 'http://simulator:8090',
      skipTLSVerify: true,
    });
  });

  it.each(['temporal-schema.sh', 'temporal-namespace.sh'])(
    'sets Temporal up with a script that a shell can read: %s',
    (name) => {
      const { status } = spawnSync('sh', ['-n', join(projectRoot(), 'scripts', 'compose', name)]);
      expect(status).toBe(0);
    },
  );
});
