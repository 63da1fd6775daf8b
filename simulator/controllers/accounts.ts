import { ClusterClient, PooledKubeConfig } from '../../src/kubernetes';
import { ACCOUNTS } from './kubevirt/names';
import type { SimContext } from './runtime';

/** The context with clients that act under the service accounts of KubeVirt's components, as admission sees them. */
export function withAccounts<C extends SimContext>(context: C, url: string): C {
  const clients = new Map<string, ClusterClient>();
  return {
    ...context,
    clientFor(name: string) {
      const account = (ACCOUNTS as Record<string, string>)[name];
      if (!account) return context.clientFor(name);
      const known = clients.get(name);
      if (known) return known;
      const kubeConfig = new PooledKubeConfig();
      kubeConfig.loadFromClusterAndUser(
        { name: 'simulator', server: url, skipTLSVerify: true },
        { name, impersonateUser: account },
      );
      const client = new ClusterClient(kubeConfig, { userAgent: name });
      clients.set(name, client);
      return client;
    },
  };
}
