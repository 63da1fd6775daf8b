import { createServer } from 'node:net';
import { LaunchError } from './launch-error';

export interface PortUse {
  /** What is going to listen there. */
  use: string;
  /** The environment variable that sets it. */
  variable: string;
  host: string;
  port: number;
}

/** A port number from the environment. @throws LaunchError when it is none. */
export function portFrom(env: NodeJS.ProcessEnv, variable: string, fallback: number): number {
  const text = env[variable] || String(fallback);
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new LaunchError(`${variable} is "${text}", which is no port: set it to a number from 1 to 65535.`);
}

/** @throws LaunchError naming the first port that can't be had, before anything has been started. */
export async function checkPortsFree(uses: readonly PortUse[]): Promise<void> {
  const taken = new Map<number, PortUse>();
  for (const wanted of uses) {
    const other = taken.get(wanted.port);
    if (other) {
      throw new LaunchError(
        `Port ${wanted.port} is given to both ${other.use} and ${wanted.use}: set ${other.variable} or ${wanted.variable} to another port.`,
      );
    }
    taken.set(wanted.port, wanted);
    const problem = await listenProblem(wanted);
    if (problem) throw new LaunchError(problem);
  }
}

function listenProblem({ use, variable, host, port }: PortUse): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'EADDRINUSE'
          ? `Port ${port} is in use and ${use} needs it: stop what listens there, or set ${variable} to a free port.`
          : `Port ${port} on ${host} can't be used by ${use} (${error.code}): set ${variable} to another port.`,
      );
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
