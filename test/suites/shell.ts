// Runs shell text with a time limit; when it is over, nothing that it started is left.
import { spawn } from 'node:child_process';

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that prints for ever must not fill the memory. */
const mostOutput = 1 << 26;

export function shell(
  text: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
  seconds: number,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', text], {
      cwd: folder,
      env: { ...process.env, ...variables },
      // A group of its own, so that all of it can be ended.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // it has just ended
      }
    };
    let timedOut = false;
    let length = 0;
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, seconds * 1000);
    const collect = (into: string[]) => (text: string) => {
      length += text.length;
      if (length > mostOutput) stop();
      else into.push(text);
    };
    const stdout: string[] = [];
    const stderr: string[] = [];
    child.stdout.setEncoding('latin1').on('data', collect(stdout));
    child.stderr.setEncoding('latin1').on('data', collect(stderr));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      stop();
      resolve({ exitCode, signal, timedOut, stdout: stdout.join(''), stderr: stderr.join('') });
    });
  });
}
