import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { cloneWorkflowId, type VmRef } from './contract';

export type { Logger } from 'pino';

/** Never written, wherever in a logged object they stand. */
const SECRETS = ['authorization', 'cookie', '"set-cookie"', 'token', 'password'];

/** JSON lines on stdout: level by name, ISO time, the part that speaks; credentials are cut out. */
export function createLogger(
  { level, service }: { level: string; service: 'api' | 'worker' },
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // `err` by pino's custom, `error` by Temporal's.
    serializers: { err: inWords, error: inWords },
    redact: {
      paths: SECRETS.flatMap((secret) => {
        const step = secret.startsWith('"') ? `[${secret}]` : `.${secret}`;
        return [step.replace(/^\./, ''), `*${step}`, `*.*${step}`, `*.*.*${step}`];
      }),
      censor: '[redacted]',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

interface InWords {
  type: string;
  message: string;
  stack?: string;
  cause?: unknown;
}

/** An error without what else hangs on it: Temporal's carry payloads. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const type = (error as { type?: unknown }).type;
  const words: InWords = { type: typeof type === 'string' ? `${name}: ${type}` : name, message, stack };
  return cause === undefined ? words : { ...words, cause: inWords(cause) };
}

/** The fields by which everything said about one clone is found. */
export function cloneFields(target: VmRef): { cloneId: string; workflowId: string } {
  return { cloneId: `${target.namespace}/${target.name}`, workflowId: cloneWorkflowId(target) };
}
