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

/** The fields by which everything said about one clone is found. */
export function cloneFields(target: VmRef): { cloneId: string; workflowId: string } {
  return { cloneId: `${target.namespace}/${target.name}`, workflowId: cloneWorkflowId(target) };
}
