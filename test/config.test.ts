import { checkAccess, loadConfig } from '../src/config';

describe('loadConfig', () => {
  it('has a default for every variable', () => {
    expect(loadConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      temporal: { address: '127.0.0.1:7233', namespace: 'default' },
      temporalUiUrl: 'http://127.0.0.1:8233',
      kubeconfig: undefined,
      authMode: 'none',
      logLevel: 'info',
      heartbeatTimeoutSeconds: 60,
      heartbeatThrottleSeconds: 20,
      sweepIntervalSeconds: 60,
      allowedHosts: [],
    });
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig({ PORT: '', KUBECONFIG: '' })).toMatchObject({ port: 8080, kubeconfig: undefined });
  });

  it('takes fractions of a second for heartbeats', () => {
    const config = loadConfig({ HEARTBEAT_TIMEOUT_SECONDS: '3', HEARTBEAT_THROTTLE_SECONDS: '0.3' });
    expect(config).toMatchObject({ heartbeatTimeoutSeconds: 3, heartbeatThrottleSeconds: 0.3 });
  });

  it("leaves no slash at the end of the UI's address", () => {
    expect(loadConfig({ TEMPORAL_UI_URL: 'https://temporal.example/ui/' }).temporalUiUrl).toBe(
      'https://temporal.example/ui',
    );
  });

  it.each([
    ['PORT', 'http', 'must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['TEMPORAL_ADDRESS', 'temporal', 'must be host:port'],
    ['TEMPORAL_UI_URL', 'javascript:alert(1)', 'must be an http or https URL'],
    ['AUTH_MODE', 'basic', 'must be one of none, kubernetes'],
    ['LOG_LEVEL', 'loud', 'must be one of trace'],
    ['HEARTBEAT_TIMEOUT_SECONDS', '0', 'must be a number of seconds above 0'],
    ['SWEEP_INTERVAL_SECONDS', '1.5', 'must be a whole number from 1'],
  ])('refuses %s=%s in one sentence', (name, value, words) => {
    expect(() => loadConfig({ [name]: value })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: expect.stringMatching(
          new RegExp(`^${name} ${words.replaceAll('.', '\\.')}[^\\n]*"[^\\n]*\\.$`),
        ),
      }),
    );
  });

  it('refuses a heartbeat throttle that its time-out does not outlast', () => {
    expect(() => loadConfig({ HEARTBEAT_TIMEOUT_SECONDS: '20' })).toThrow(/^HEARTBEAT_THROTTLE_SECONDS/);
  });
});

describe('ALLOWED_HOSTS', () => {
  it.each(['clones.example:8080', 'https://clones.example', '*', 'a,,b', '[fd00::7]', 'a b'])(
    'refuses "%s" in one sentence',
    (value) => {
      expect(() => loadConfig({ ALLOWED_HOSTS: value })).toThrow(
        `ALLOWED_HOSTS must be host names or IP addresses without ports, separated by commas, but is "${value}".`,
      );
    },
  );
});

describe('checkAccess', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('lets everyone in on %s, silently', (HOST) => {
    expect(checkAccess(loadConfig({ HOST }))).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '10.0.0.7', '127.0.0.1.example.com'])(
    'refuses to let everyone in on %s',
    (HOST) => {
      expect(() => checkAccess(loadConfig({ HOST }))).toThrow(/ALLOW_UNAUTHENTICATED=yes if that is meant/);
    },
  );

  it('warns when everyone is let in because that is meant', () => {
    const config = loadConfig({ HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'yes' });
    expect(checkAccess(config)).toMatch(/everyone who reaches 0\.0\.0\.0/);
  });

  it('says that AUTH_MODE=kubernetes is not there yet', () => {
    expect(() => checkAccess(loadConfig({ AUTH_MODE: 'kubernetes' }))).toThrow(/^AUTH_MODE=kubernetes/);
  });
});
