import { bootGuest, type Guest } from '../../conform/guest.ts';
import type { GuestFile } from '../../conform/initramfs.ts';
import { type BootableKernel, buildInitramfs, compileProbe } from '../../conform/kernels.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context } from '../shared/context.ts';
import { type Progress, startProgress } from '../shared/progress.ts';

/** Boots one kernel after the other with these files, and asks each guest. */
export async function askGuests<T>(
  context: Context,
  kernels: readonly BootableKernel[],
  folder: string,
  files: readonly GuestFile[],
  question: (guest: Guest, kernel: BootableKernel, progress: Progress) => Promise<Result<T>>,
): Promise<Result<{ kernel: string; answer: T }[]>> {
  const probe = await compileProbe(folder);
  if (!probe.ok) return probe;
  const progress = startProgress(context);
  const answers: { kernel: string; answer: T }[] = [];
  for (const kernel of kernels) {
    const guest = await bootGuest(kernel.path, buildInitramfs(probe.value, kernel, folder, files), folder);
    if (!guest.ok) return guest;
    const answer = await question(guest.value, kernel, progress).finally(() => guest.value.stop());
    progress.clear();
    if (!answer.ok) return answer;
    answers.push({ kernel: kernel.version, answer: answer.value });
  }
  return succeed(answers);
}
