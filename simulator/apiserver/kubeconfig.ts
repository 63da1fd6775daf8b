/**
 * The text of a kubeconfig (JSON, which is YAML too) whose only context is this server. The official Node client
 * speaks plain HTTP only when told not to verify.
 */
export function kubeconfigFor(url: string, token?: string): string {
  const name = 'vm-clone-simulator';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
