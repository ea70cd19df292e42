import type { DropIn } from '../../../analysis/services/drop-ins.ts';
import { FIRST_MEMORY_THP_SYSTEMD } from '../../../analysis/services/opt-out-ways.ts';
import type { BootParameters } from '../../../analysis/sweep/boot-parameters.ts';
import type { SysfsWrite } from '../../../analysis/sweep/sysfs-writes.ts';
import { shellCommand } from '../../../core/base/shell.ts';
import { dropInCommands } from '../../words/advise/plan-view.ts';
import { writeLines } from './write-script.ts';

/** The forms in which writes can be printed, beside that for people and JSON. */
export type WriteFormat = 'sh' | 'tmpfiles' | 'cmdline' | 'systemd';

/** Settings to be kept, and what undoes them. */
export interface LastingWrites {
  /** What they are, in a sentence. */
  readonly advice: string;
  /** Whose memory they are advised for, in a line. */
  readonly origin: string | undefined;
  readonly set: readonly SysfsWrite[];
  /** Every file of the settings, those included that stay as they are. */
  readonly all: readonly SysfsWrite[];
  /** Undefined where the settings in force are not known. */
  readonly restore: readonly SysfsWrite[] | undefined;
  readonly boot: BootParameters;
  /** How the command line would say the settings in force; undefined where they are not known. */
  readonly bootNow: BootParameters | undefined;
  /** Of services that opt out of the settings. */
  readonly dropIns: readonly DropIn[];
}

const NO_WAY_BACK = '# The settings in force are not known, so neither is the way back.';

const FORMATS: Record<WriteFormat, (writes: LastingWrites) => readonly string[]> = {
  sh: shellLines,
  tmpfiles: tmpfilesLines,
  cmdline: commandLineLines,
  systemd: dropInLines,
};

/**
 * Writes in one of the forms that systems read, with all else in comments: what it is, how it is put in
 * force, the way back.
 */
export function writesText(format: WriteFormat, writes: LastingWrites): string {
  const first = format === 'sh' ? ['#!/bin/sh'] : [];
  const head = [writes.origin, `thpscope advise: ${writes.advice}`].flatMap((line) =>
    line ? `# ${line}` : [],
  );
  const nothing = '# Nothing to write: the settings in force are these already.';
  // What lasts says all of the settings, so that it can take the place of what was kept before.
  const rest = writes.set.length === 0 && format === 'sh' ? [nothing] : FORMATS[format](writes);
  const exceptions = writes.dropIns.map(({ path }) => `# First who opts out (--format systemd): ${path}`);
  return `${[...first, ...head, ...(format === 'systemd' ? [] : exceptions), ...rest].join('\n')}\n`;
}

/** A script, as root: in force until the next boot. */
function shellLines({ set, restore, dropIns }: LastingWrites): string[] {
  return [
    '# As root; in force until the next boot.',
    'set -e',
    ...optOutGuard(dropIns),
    ...writeLines(set),
    ...(restore ? ['# The way back:', ...commands(restore)] : [NO_WAY_BACK]),
  ];
}

/**
 * Ends the script unless every service has opted out: systemd knows MemoryTHP=, a drop-in of any name says
 * it, and under `disable` the main process runs with it. Templates have no process of their own name, and
 * units of users no systemctl of root: of these the file alone is asked.
 */
function optOutGuard(dropIns: readonly DropIn[]): string[] {
  if (dropIns.length === 0) return [];
  return [
    '# Writes nothing before those who opt out have done so.',
    'refuse() { echo "nothing was written: $1" >&2; exit 1; }',
    'version=$(systemctl --version 2>/dev/null | sed -n "1s/^systemd \\([0-9]*\\).*/\\1/p")',
    `[ "\${version:-0}" -ge ${FIRST_MEMORY_THP_SYSTEMD} ] || refuse "MemoryTHP= needs systemd ${FIRST_MEMORY_THP_SYSTEMD}"`,
    ...dropIns.flatMap(({ path, unit, isOfUser, word }) => [
      `grep -qsx MemoryTHP=${word} ${shellCommand([path.slice(0, path.lastIndexOf('/'))])}/*.conf || refuse ${shellCommand([`${unit} has no drop-in with MemoryTHP=${word}; --format systemd prints it`])}`,
      ...(isOfUser || unit.includes('@') || word !== 'disable'
        ? []
        : [
            `pid=$(systemctl show -p MainPID --value ${shellCommand([unit])}) || refuse ${shellCommand([`systemctl does not know ${unit}`])}`,
            `[ "\${pid:-0}" -eq 0 ] || grep -qsx "THP_enabled:.*0" "/proc/$pid/status" || refuse ${shellCommand([`${unit} runs without its drop-in; restart it`])}`,
          ]),
    ]),
  ];
}

/**
 * Why what is read at boot is in comments where services opt out: nothing there could ask whether they have.
 */
function heldBack(dropIns: readonly DropIn[], lines: readonly string[]): string[] {
  if (dropIns.length === 0) return [...lines];
  return [
    '# Held back in comments: once those services have opted out, take away the "#! " before each line.',
    ...lines.map((line) => `#! ${line}`),
  ];
}

/** A file for systemd-tmpfiles, which writes at every boot: tmpfiles.d(5). */
function tmpfilesLines({ all, restore, dropIns }: LastingWrites): string[] {
  return [
    '# Keep as /etc/tmpfiles.d/thp.conf: in force from the next boot on, or now with',
    '# systemd-tmpfiles --create /etc/tmpfiles.d/thp.conf',
    ...heldBack(
      dropIns,
      all.map(({ path, value }) => `w ${path} - - - - ${value}`),
    ),
    ...(restore ? ['# The way back: remove this file, and now:', ...commands(restore)] : [NO_WAY_BACK]),
  ];
}

/** Parameters for the command line of the kernel: one line, and all else in comments. */
function commandLineLines({ boot, bootNow, dropIns }: LastingWrites): string[] {
  const unsaid = [
    '# The command line cannot say this: write it at every boot, for example with --format tmpfiles:',
    ...commands(boot.unsaid),
  ];
  return [
    '# Parameters of the kernel: in force from the next boot on, unless something writes to sysfs later.',
    '# A kernel with less than 512M of memory begins with never, whatever transparent_hugepage= says.',
    ...heldBack(dropIns, [boot.parameters.join(' ')]),
    ...(boot.unsaid.length > 0 ? unsaid : []),
    ...(bootNow
      ? ['# The way back: what the command line has now, or', `# ${bootNow.parameters.join(' ')}`]
      : [NO_WAY_BACK]),
  ];
}

/** Files of systemd, each below its path, as `systemctl cat` prints them. */
function dropInLines({ dropIns, set }: LastingWrites): string[] {
  const { set: commandLines, back } = dropInCommands(dropIns);
  if (dropIns.length === 0) return ['# Nothing to write: no service opts out.'];
  return [
    ...dropIns.flatMap(({ path, lines }) => [`# ${path}`, ...lines, '']),
    '# In force once the services start again. All of it in commands, as root:',
    ...commandLines.map((line) => `# ${line}`),
    ...(set.length > 0 ? ['# Then the settings for all others: --format sh, tmpfiles or cmdline.'] : []),
    '# The way back:',
    ...back.map((line) => `# ${line}`),
  ];
}

/** Writes as commands in comments. */
function commands(writes: readonly SysfsWrite[]): string[] {
  return writeLines(writes).map((line) => `# ${line}`);
}
