import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Opens an address in the user's browser, if there is one to be seen; nothing comes of it where that fails.
 * The browser is given a file in `folder` that leads to the address: all users of a machine can see the words
 * a program was started with.
 */
export function openBrowser({ platform, env }: NodeJS.Process, url: string, folder: string): void {
  const desktop = platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  if (!desktop || env.SSH_CONNECTION) return;
  const file = join(folder, 'thpscope.html');
  writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">\n`, { mode: 0o600 });
  spawn(platform === 'darwin' ? 'open' : 'xdg-open', [file], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref();
}
