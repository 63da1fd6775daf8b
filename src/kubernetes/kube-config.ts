import { KubeConfig, type RequestContext } from '@kubernetes/client-node';

type Pool = NonNullable<ReturnType<RequestContext['getDispatcher']>>;

/** So long one pool serves: client certificates that a plugin renews come into use with the next one. */
const POOL_MS = 5 * 60_000;

/**
 * A kubeconfig whose requests share connections. client-node 2.0 makes a new pool for each request, and with it
 * a new connection and TLS handshake, left open until it idles out: a busy process runs out of descriptors.
 * (kubernetes-client/javascript #2893 mended the same for its older agents.)
 */
export class PooledKubeConfig extends KubeConfig {
  private pool?: { dispatcher: Pool; until: number };

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const unused = context.getDispatcher();
    if (!unused) return; // plain HTTP without options: undici's own pool
    if (!this.pool || Date.now() > this.pool.until) {
      this.pool = { dispatcher: unused, until: Date.now() + POOL_MS };
    }
    context.setDispatcher(this.pool.dispatcher);
  }
}

/**
 * Connects as `path` says (the file that `KUBECONFIG` names), or as client-node finds out by itself:
 * `KUBECONFIG`, the user's own file, the pod's service account.
 */
export function loadKubeConfig(path?: string): PooledKubeConfig {
  const kubeConfig = new PooledKubeConfig();
  if (path) kubeConfig.loadFromFile(path);
  else kubeConfig.loadFromDefault();
  return kubeConfig;
}
