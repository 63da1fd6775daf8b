import { answerOf, VmCluster } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

let made = 0;
/** What the webhook says to a VM with this size. */
function answerTo(domain: object): Promise<string> {
  made += 1;
  const template = { domain: { devices: {}, ...domain } };
  return answerOf(cluster.makeVm(namespace, `vm-${made}`, { runStrategy: 'Halted' }, { template }));
}

const at = 'spec.template.spec.domain';
const memory = (requests?: string, limits?: string) => ({
  resources: {
    ...(requests && { requests: { memory: requests } }),
    ...(limits && { limits: { memory: limits } }),
  },
});
const cpu = (requests?: string, limits?: string) => ({
  resources: { ...(requests && { requests: { cpu: requests } }), ...(limits && { limits: { cpu: limits } }) },
});

describe('memory and CPUs (vmi-create-admitter.go, liveupdate/memory)', () => {
  it.each<[string, object, string]>([
    [
      'a negative request',
      memory('-1Gi'),
      `${at}.resources.requests.memory '-1Gi': must be greater than or equal to 0.`,
    ],
    [
      'next to no memory',
      memory('1k'),
      `${at}.resources.requests.memory '1k': must be greater than or equal to 1M.`,
    ],
    [
      'more memory than its limit',
      memory('2Gi', '1Gi'),
      `${at}.resources.requests.memory '2Gi' is greater than ${at}.resources.limits.memory '1Gi'`,
    ],
    [
      'more CPU than its limit',
      cpu('2', '1500m'),
      `${at}.resources.requests.cpu '2' is greater than ${at}.resources.limits.cpu '1500m'`,
    ],
    [
      'less than a page',
      { memory: { guest: '512Mi', hugepages: { pageSize: '1Gi' } } },
      `must be equal to or larger than page size ${at}.memory.hugepages.pageSize '1Gi'`,
    ],
    [
      'half a page too many',
      { memory: { hugepages: { pageSize: '2Mi' } }, ...memory('3Mi') },
      `${at}.resources.requests.memory '3Mi' is not a multiple of the page size ${at}.memory.hugepages.pageSize '2Mi'`,
    ],
    [
      'pinned CPUs that are not asked for',
      { cpu: { sockets: 4, dedicatedCpuPlacement: true }, ...cpu('2', '2') },
      'must not be provided at the same time',
    ],
    [
      'pinned memory of two sizes',
      { cpu: { dedicatedCpuPlacement: true }, ...memory('1Gi', '2Gi') },
      `${at}.resources.requests.memory must be equal to ${at}.resources.limits.memory`,
    ],
    [
      'a guest above its own bound',
      { memory: { guest: '4Gi', maxGuest: '2Gi' } },
      'Guest memory is greater than the configured maxGuest memory',
    ],
    [
      'a bound that is not aligned',
      { memory: { guest: '2Gi', maxGuest: '4000001Ki' } },
      'MaxGuest must be 2Mi aligned',
    ],
  ])('%s is refused', async (_what, domain, why) => {
    const answer = await answerTo(domain);
    expect(answer).toMatch(
      /^422 admission webhook "virtualmachine-validator.kubevirt.io" denied the request: /,
    );
    expect(answer).toContain(why);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    [
      'a guest above its limit, where changes go live',
      { memory: { guest: '2Gi' }, ...memory(undefined, '1Gi') },
    ],
    ['a request above the guest', { memory: { guest: '1Gi' }, ...memory('2Gi') }],
    [
      'pinned CPUs with just as many asked for',
      { cpu: { sockets: 2, dedicatedCpuPlacement: true }, ...cpu('2', '2') },
    ],
    ['whole pages', { memory: { guest: '2Gi', hugepages: { pageSize: '1Gi' } } }],
    ['a guest within its bound', { memory: { guest: '2Gi', maxGuest: '4Gi' } }],
  ])('%s is taken', async (_what, domain) => {
    expect(await answerTo(domain)).toBe('202');
  });
});
