import { bootGuest, type Guest } from '../../conform/guest/guest.ts';
import type { GuestFile } from '../../conform/guest/initramfs.ts';
import { type BootableKernel, buildInitramfs, compileProbe } from '../../conform/guest/kernels.ts';
import { type Result, succeed } from '../../core/base/failure.ts';
import { type Context, warn } from '../shared/context.ts';
import { type Progress, startProgress } from '../shared/output/progress.ts';

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

/** A program, and the files that this machine can bring for it. */
type Brought<P> = readonly [program: P, files: Result<readonly GuestFile[]>];

/** The programs that this machine can bring into a guest, with their files; the others are said. */
export function broughtPrograms<P extends { readonly name: string }>(
  context: Context,
  wanted: readonly Brought<P>[],
): { readonly programs: readonly P[]; readonly files: readonly GuestFile[] } {
  const programs: P[] = [];
  const files: GuestFile[] = [];
  for (const [program, brought] of wanted) {
    if (!brought.ok) {
      warn(context, `${program.name} is left out: ${brought.failure.message}`);
      continue;
    }
    programs.push(program);
    files.push(...brought.value);
  }
  return { programs, files };
}
