import { cloneFields, createLogger } from '../src/log';

function logging(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level, service: 'api' }, { write: (line) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

describe('the log', () => {
  it('writes JSON lines with level, time and the part that speaks', () => {
    const { logger, lines } = logging();
    logger.info('hello');
    expect(lines).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), service: 'api', msg: 'hello' },
    ]);
  });

  it('finds everything about one clone by two fields', () => {
    const { logger, lines } = logging();
    logger.info(cloneFields({ namespace: 'demo', name: 'web-clone' }), 'started');
    expect(lines[0]).toMatchObject({ cloneId: 'demo/web-clone', workflowId: 'clone/demo/web-clone' });
  });

  it.each(['err', 'error'])(
    'says of an error in %s what it was and where, and nothing that hangs on it',
    (key) => {
      const { logger, lines } = logging();
      const cause = Object.assign(new Error('no VM'), { type: 'SourceNotFound', details: ['a payload'] });
      logger.warn({ [key]: new Error('Workflow failed', { cause }) }, 'failed');
      expect(lines[0]?.[key]).toEqual({
        type: 'Error',
        message: 'Workflow failed',
        stack: expect.any(String),
        cause: { type: 'Error: SourceNotFound', message: 'no VM', stack: expect.any(String) },
      });
    },
  );

  it.each([
    [{ authorization: 'Bearer x' }],
    [{ headers: { authorization: 'Bearer x', cookie: 'a=x' } }],
    [{ req: { headers: { authorization: 'Bearer x', 'set-cookie': 'x' } } }],
    [{ user: { token: 'x', password: 'x' } }],
  ])('cuts credentials out of %j', (fields) => {
    const { logger, lines } = logging();
    logger.info(fields);
    expect(JSON.stringify(lines[0])).not.toMatch(/Bearer|"x"|a=x/);
    expect(JSON.stringify(lines[0])).toContain('[redacted]');
  });
});
