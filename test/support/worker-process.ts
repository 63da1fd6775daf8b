import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from './environment';
import { workflowBundleFile } from './workflow-bundle';

const ROOT = path.join(__dirname, '../..');

/** A worker as a process of its own, which a test may kill. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts `worker.ts`; resolves when it polls. */
  static async start({ simulator, temporal }: Environment): Promise<WorkerProcess> {
    const kubeconfig = path.join(await mkdtemp(path.join(os.tmpdir(), 'vm-clone-')), 'kubeconfig');
    writeFileSync(kubeconfig, simulator.kubeconfig);
    const child = spawn(process.execPath, ['--require', './test/support/typescript-hook.js', 'worker.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        KUBECONFIG: kubeconfig,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        WORKFLOW_BUNDLE: await workflowBundleFile(),
        HEARTBEAT_TIMEOUT_SECONDS: '3',
        HEARTBEAT_THROTTLE_SECONDS: '0.3',
        SWEEP_INTERVAL_SECONDS: '86400',
      },
    });
    const lines = createInterface(child.stdout as NodeJS.ReadableStream);
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => line.includes('"worker ready"') && resolve());
      child.once('exit', (code) => reject(new Error(`The worker ended with ${code}`)));
    });
    return new WorkerProcess(child);
  }

  /** SIGKILL: no last words. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** SIGTERM: what is under way is handed back. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
