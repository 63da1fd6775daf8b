import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { checkPortsFree, portFrom } from '../../launcher/ports';

const use = (port: number, name = 'the API', variable = 'PORT') => ({
  use: name,
  variable,
  host: '127.0.0.1',
  port,
});

describe('checkPortsFree', () => {
  let busy: Server;
  let port: number;
  beforeEach(async () => {
    busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    port = (busy.address() as AddressInfo).port;
  });
  afterEach(() => {
    busy.close();
  });

  it('names the port that is in use, what needs it and the variable to change', async () => {
    await expect(checkPortsFree([use(port)])).rejects.toThrow(
      `Port ${port} is in use and the API needs it: stop what listens there, or set PORT to a free port.`,
    );
  });

  it('is content with free ports, and leaves them free', async () => {
    busy.close();
    await once(busy, 'close');
    await checkPortsFree([use(port)]);
    await expect(checkPortsFree([use(port)])).resolves.toBeUndefined();
  });

  it('finds one port that is given to two', async () => {
    busy.close();
    await once(busy, 'close');
    const uses = [use(port), use(port, 'the Temporal UI', 'TEMPORAL_UI_PORT')];
    await expect(checkPortsFree(uses)).rejects.toThrow(
      /both the API and the Temporal UI: set PORT or TEMPORAL_UI_PORT/,
    );
  });
});

describe('portFrom', () => {
  it.each([
    ['1', 1],
    ['65535', 65535],
    ['', 8080],
    [undefined, 8080],
  ])('%p is %p', (text, port) => {
    expect(portFrom({ PORT: text }, 'PORT', 8080)).toBe(port);
  });

  it.each(['0', '65536', '80a', '8080.5', '-1'])('%p is refused', (text) => {
    expect(() => portFrom({ PORT: text }, 'PORT', 8080)).toThrow(`PORT is "${text}", which is no port`);
  });
});
