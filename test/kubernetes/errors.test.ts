import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ApiServer,
  failure,
  invalid,
  invalidValue,
  kubeconfigFor,
  startApiServer,
} from '../../simulator/apiserver';
import { ApiError, ClusterClient, isFailedTest, Kinds, PooledKubeConfig } from '../../src/kubernetes';

function clientOf(url: string): ClusterClient {
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(url));
  return new ClusterClient(config);
}

const refused = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error) => error,
  );

/** What the client makes of an answer that a server, or something before it, gave. */
async function errorFrom(code: number, body: string): Promise<ApiError> {
  const server = createServer((_request, response) => response.writeHead(code).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const error = await refused(client.get(Kinds.Namespace, { name: 'demo' }));
  server.closeAllConnections();
  server.close();
  return error as ApiError;
}

const status = (message: string, causes?: unknown[], details: object = {}) =>
  JSON.stringify({ kind: 'Status', reason: 'Invalid', message, details: { ...details, causes }, code: 422 });

describe('a failed test of a JSON patch is told from a refusal', () => {
  const WIRE = 'the server rejected our request due to an error in our request';
  it.each<[string, string, boolean]>([
    ['as kube-apiserver answers', WIRE, true],
    ['as kubectl words it', `The request is invalid: ${WIRE}`, true],
    ['as kubectl words it for short', 'The request is invalid', true],
    ['with the request in brackets', `${WIRE} (patch virtualmachines.kubevirt.io web)`, true],
    ['as the patch library says', 'testing value /metadata/uid failed', true],
    [
      'not validation',
      'VirtualMachine.kubevirt.io "web" is invalid: spec.runStrategy: Required value',
      false,
    ],
    ['not a webhook', 'admission webhook "v.kubevirt.io" denied the request: too old', false],
    ['not a webhook that quotes it', `admission webhook "v.kubevirt.io" denied the request: ${WIRE}`, false],
    [
      'not a policy',
      `virtualmachines.kubevirt.io "web" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
      false,
    ],
    ['not nothing', '', false],
  ])('%s', async (_case, message, expected) => {
    expect(isFailedTest(await errorFrom(422, status(message)))).toBe(expected);
  });

  it.each<[string, number, string]>([
    ['of another code', 500, status(WIRE)],
    ['with causes', 422, status(WIRE, [{ reason: 'FieldValueInvalid', field: 'spec' }])],
    ['of a proxy', 422, '<html>no</html>'],
    ['that is null', 422, 'null'],
  ])('not an answer %s', async (_case, code, body) => {
    const error = await errorFrom(code, body);
    expect(error).toBeInstanceOf(ApiError);
    expect(isFailedTest(error)).toBe(false);
  });

  it('not another error', () => expect(isFailedTest(new Error(WIRE))).toBe(false));

  describe('by the simulated API', () => {
    let server: ApiServer;
    let client: ClusterClient;
    const web = { namespace: 'default', name: 'web' };
    beforeAll(async () => {
      server = await startApiServer();
      client = clientOf(server.url);
      const spec = { runStrategy: 'Halted' as const, template: { spec: { domain: { devices: {} } } } };
      await client.create(Kinds.VirtualMachine, { metadata: web, spec });
    });
    afterAll(() => server.close());

    const patch = (path: string, op: 'test' | 'add' = 'test') =>
      refused(client.patchJson(Kinds.VirtualMachine, web, [{ op, path, value: 'x' }]));

    it('a failed test, a missing path', async () => {
      expect(isFailedTest(await patch('/metadata/uid'))).toBe(true);
      expect(isFailedTest(await patch('/metadata/annotations/x', 'add'))).toBe(true);
    });

    it.each([
      [
        'validation',
        invalid('VirtualMachine.kubevirt.io', 'web', [invalidValue('spec.x', 'HUNTER2', 'is bad')]),
      ],
      ['a webhook', failure(422, 'Invalid', 'admission webhook "v.kubevirt.io" denied the request: no')],
    ])('not %s', async (_case, answer) => {
      const remove = server.addAdmission({
        validating: [
          () => {
            throw answer;
          },
        ],
      });
      const error = await patch('/metadata/labels', 'add').finally(remove);
      expect(error).toMatchObject({ code: 422 });
      expect(isFailedTest(error)).toBe(false);
      expect(JSON.stringify({ ...(error as ApiError), message: (error as ApiError).message })).not.toContain(
        'HUNTER2',
      );
    });
  });
});

describe('what was refused is told without its value', () => {
  const web = 'VirtualMachine.kubevirt.io "web" is invalid:';
  const withheld: [string, string, string][] = [
    [
      'an invalid text',
      `${web} a.b: Invalid value: "HUNTER2": is bad`,
      `${web} a.b: Invalid value: (withheld): is bad`,
    ],
    [
      'an unsupported one',
      `${web} a: Unsupported value: "HUNTER2": supported values: "A", "B"`,
      `${web} a: Unsupported value: (withheld): supported values: "A", "B"`,
    ],
    ['a duplicate', `${web} a[1]: Duplicate value: "HUNTER2"`, `${web} a[1]: Duplicate value: (withheld)`],
    ['one not found', `${web} a: Not found: "HUNTER2"`, `${web} a: Not found: (withheld)`],
    [
      'with escaped quotes',
      String.raw`${web} a: Invalid value: "x\": HUNTER2\\": is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    [
      'with quotes that are not escaped',
      `${web} a: Invalid value: "pass "HUNTER2" x": is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    [
      'of several lines',
      `${web} a: Invalid value: "#cloud-config\npassword: HUNTER2\n": is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    [
      'of several lines without quotes',
      `${web} a: Invalid value: #cloud-config\npassword: HUNTER2: is bad`,
      `${web} a: Invalid value: (withheld)`,
    ],
    [
      'a Go map',
      `${web} a: Invalid value: map[string]interface {}{"u":"HUNTER2", "v":[]interface {}{"a}: HUNTER2"}}: is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    [
      'a Go struct',
      `${web} a: Invalid value: v1.Volume{Name:"HUNTER2", Size:(*int)(nil)}: is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    [
      'a Go map without quotes',
      `${web} a: Invalid value: map[u:HUNTER2] HUNTER2: is bad`,
      `${web} a: Invalid value: (withheld)`,
    ],
    [
      'JSON',
      `${web} a: Invalid value: {"u":"HUNTER2","v":[{"w":"]}\\": HUNTER2"}]}: is bad`,
      `${web} a: Invalid value: (withheld): is bad`,
    ],
    ['a number', `${web} a: Invalid value: 1234: is bad`, `${web} a: Invalid value: (withheld): is bad`],
    [
      'several causes',
      `${web} [a: Invalid value: "HUNTER2": is bad, b: Required value: must be set, c: Duplicate value: map[string]interface {}{"n":"HUNTER2"}, d.e: Unsupported value: "HUNTER2": supported values: "A"]`,
      `${web} [a: Invalid value: (withheld): is bad, b: Required value: must be set, c: Duplicate value: (withheld), d.e: Unsupported value: (withheld): supported values: "A"]`,
    ],
    ['one that was cut off', `${web} a: Invalid value: "HUNTER2 and`, `${web} a: Invalid value: (withheld)`],
    [
      'an object without a kind',
      `Object 'Kind' is missing in '{"spec":{"password":"HUNTER2"}}'`,
      "Object 'Kind' is missing in '(withheld)",
    ],
    [
      'a piece of what was decoded',
      'ReadString: expects " or n, but found 1, error found in #10 byte of ...|ord":"HUNTER2|..., bigger context ...|HUNTER2|...',
      'ReadString: expects " or n, but found 1, (withheld)',
    ],
    [
      'a time',
      'parsing time "HUNTER2" as "2006": cannot parse "HUNTER2" as "2006"',
      'parsing time (withheld) as "2006": cannot parse (withheld) as "2006"',
    ],
    [
      'a number that is text',
      'strconv.Atoi: parsing "HUNTER2": invalid syntax',
      'strconv.Atoi: parsing (withheld): invalid syntax',
    ],
    [
      'a number that fits nowhere',
      'json: cannot unmarshal number 4242 into Go struct field .spec.x of type int',
      'json: cannot unmarshal number (withheld) into Go struct field .spec.x of type int',
    ],
    [
      'an escaped object',
      String.raw`denied the request: {\"a\": \"HUNTER2\"} is bad`,
      'denied the request: (withheld)',
    ],
    ['a printed object', 'denied the request: {Name:HUNTER2} is bad', 'denied the request: (withheld)'],
  ];
  it.each(withheld)('%s', async (_case, message, expected) => {
    expect((await errorFrom(422, status(message))).message).toBe(expected);
  });

  it.each([
    'virtualmachines.kubevirt.io "web" not found',
    'virtualmachines.kubevirt.io "web" already exists',
    'admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  Destination PVC demo/web-root already exists',
    `${web} spec.template: Required value: must be set`,
    'Operation cannot be fulfilled on virtualmachines.kubevirt.io "web": the object has been modified',
    'persistentvolumeclaims "web-root" is forbidden: exceeded quota: q, requested: requests.storage=1Gi, used: requests.storage=9Gi, limited: requests.storage=9Gi',
    'VirtualMachine in version "v1" cannot be handled: json: cannot unmarshal string into Go struct field .spec.x of type int',
  ])('but names stay: %s', async (message) => {
    expect((await errorFrom(409, status(message))).message).toBe(message);
  });

  it('in at most 500 characters', async () => {
    expect((await errorFrom(500, status('x'.repeat(5000)))).message).toBe(`${'x'.repeat(499)}…`);
    expect((await errorFrom(502, 'y'.repeat(5000))).message).toHaveLength(500);
  });

  it('with the fields and reasons of its causes', async () => {
    const causes = [
      { reason: 'FieldValueInvalid', message: 'Invalid value: "HUNTER2"', field: 'spec.x' },
      { message: 'HUNTER2' },
      null,
    ];
    const error = await errorFrom(422, status('no', causes));
    expect(error.causes).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec.x' },
      { reason: '', field: '' },
      { reason: '', field: '' },
    ]);
  });

  it('also when an answer is cut off', async () => {
    const error = await errorFrom(200, '{"password": HUNTER2');
    expect(error).toMatchObject({
      name: 'ApiUnreachable',
      message: expect.stringMatching(/^GET .*no JSON$/),
    });
  });
});
