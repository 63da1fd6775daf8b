import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './launch-error';

/**
 * Makes this process the only launcher of a state folder: two Temporal servers on one database would destroy it.
 * Answers how to give it up. @throws LaunchError when another launcher is alive, or the folder can't be written.
 */
export function lockState(stateDir: string): () => void {
  const file = join(stateDir, 'launcher.pid');
  try {
    mkdirSync(stateDir, { recursive: true });
    const holder = readPid(file);
    if (holder !== undefined && isAlive(holder)) {
      throw new LaunchError(
        `Another start (process ${holder}) uses ${stateDir}: stop it, or set STATE_DIR to another folder.`,
      );
    }
    rmSync(file, { force: true });
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError(
      `The state folder ${stateDir} can't be written (${(error as NodeJS.ErrnoException).code}): set STATE_DIR to one that can.`,
    );
  }
  return () => rmSync(file, { force: true });
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
