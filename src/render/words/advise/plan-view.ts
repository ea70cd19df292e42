import type { Advice } from '../../../analysis/advice/advise.ts';
import type { DropIn } from '../../../analysis/services/drop-ins.ts';
import type { PlannedService } from '../../../analysis/services/judged-service.ts';
import { FIRST_MEMORY_THP_SYSTEMD } from '../../../analysis/services/opt-out-ways.ts';
import { largerGrowth } from '../../../analysis/services/opt-outs.ts';
import type { ServicePlan } from '../../../analysis/services/service-plan.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { shellCommand } from '../../../core/base/shell.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { printable } from '../printable.ts';
import { askedLines, brokenLines, reasonLines, STAYS } from './advice-reasons.ts';
import { type AdviceView, adviceLine, type WorthFigures } from './advise-view.ts';
import { RUNTIME_SWITCHES, switchesOf } from './program-switches.ts';

/** A plan with the way there and back. */
export interface PlanView {
  readonly plan: ServicePlan;
  /** Following its settings, as if no service opted out. */
  readonly following: Advice;
  readonly dropIns: readonly DropIn[];
  /** The version of systemd; undefined where it is not known. */
  readonly systemd: number | undefined;
}

/** What to do, in one sentence; names of services as they are. */
export function planLine({ plan, following }: PlanView, geometry: Geometry): string {
  const out = plan.services.filter(({ optOut }) => optOut).map(({ service }) => printable(service.name));
  const settings = adviceLine(following, geometry);
  if (out.length === 0) return settings;
  return `${settings} ${listed(out)} ${out.length === 1 ? 'opts' : 'opt'} out.`;
}

/** What the settings of a plan are to those in force and to others that were asked about, a sentence each. */
export function planReasonLines(
  { plan, following }: PlanView,
  { advice, budget, memory }: Pick<AdviceView, 'advice' | 'budget' | 'memory'>,
): string[] {
  if (!advice.inForce) return reasonLines({ ...following, asked: advice.asked }, budget, memory);
  return [
    ...askedLines(advice.asked, budget, memory),
    ...brokenLines(advice.inForce, budget, memory),
    ...(plan.keepsBudget ? [] : [`${STAYS} Nor do exceptions keep it.`]),
  ];
}

/** What a plan comes to, as a policy does. */
export function worthOfPlan({ tlbEntries, restartTlbEntries, growth, laterAttempts }: ServicePlan): {
  readonly worth: WorthFigures;
} {
  const restart = { tlbEntries: restartTlbEntries, growthPages: growth.restart };
  return { worth: { tlbEntries, growthPages: growth.now, laterAttempts, restart } };
}

/** Why services opt out, and who would if it could: a sentence each. */
export function exceptionLines({ plan, systemd }: PlanView, geometry: Geometry): string[] {
  const { keepsBudget } = plan;
  return plan.services.flatMap((each) => {
    const name = printable(each.service.name);
    const grows = largerGrowth(growthOf(each.worth));
    const because = each.hasNoRoom
      ? 'its control groups have no room for it'
      : `its part of the budget is ${formatSize(Math.floor(each.sharePages), geometry)}`;
    if (each.optOut) {
      const lost = Math.round(entriesAt(each.optOut.worth) - entriesAt(each.worth));
      return [
        `${name} would grow by up to ${formatSize(grows, geometry)} (${because}) for ${grouped(lost)} fewer TLB entries after a restart: it opts out${each.optOut.word === 'madvise' ? ', but for the memory for which it asks (MADV_HUGEPAGE)' : ''}`,
      ];
    }
    if (!isBeyond(each)) return [];
    return [
      `${name} grows by up to ${formatSize(grows, geometry)} (${because}): ${whyStays(each, keepsBudget, systemd)}`,
    ];
  });
}

/** Whether a service would grow beyond its part of the budget, or has no room for it. */
function isBeyond({ worth, sharePages, hasNoRoom }: PlannedService): boolean {
  return hasNoRoom || largerGrowth(growthOf(worth)) > sharePages;
}

/** Why a service that grows beyond its part does not opt out. */
function whyStays(
  { service: { service } }: PlannedService,
  keepsBudget: boolean,
  systemd: number | undefined,
): string {
  const { kind } = service;
  const cannot =
    kind === 'pod' || kind === 'container' || kind === 'inner-unit'
      ? 'no drop-in of the host reaches what runs in containers'
      : isTooOld(systemd)
        ? `systemd ${systemd} has no MemoryTHP=`
        : undefined;
  if (keepsBudget)
    return cannot ? `the budget holds; ${cannot}` : 'the budget of the machine holds all the same';
  const isReached = kind.endsWith('unit') && service.name?.endsWith('.service');
  return (
    cannot ?? (isReached ? 'the budget is broken without it as well' : 'no drop-in of systemd reaches it')
  );
}

/** What keeps services from opting out here: a sentence; undefined where drop-ins reach them. */
export function noExceptionsLine({ systemd }: PlanView): string | undefined {
  return isTooOld(systemd)
    ? `no service can opt out here: systemd ${systemd} has no MemoryTHP=, which came with ${FIRST_MEMORY_THP_SYSTEMD}`
    : undefined;
}

function isTooOld(systemd: number | undefined): boolean {
  return systemd !== undefined && systemd < FIRST_MEMORY_THP_SYSTEMD;
}

/** Services that neither gain nor grow: a sentence; undefined where all matter. */
export function unmovedLine(view: PlanView, geometry: Geometry): string | undefined {
  const unmoved = view.plan.services.filter((each) => !each.matters);
  if (unmoved.length === 0) return undefined;
  const pages = unmoved.reduce((sum, { service }) => sum + service.query.memory.residentPages, 0);
  const names = unmoved.slice(0, 5).map(({ service }) => printable(service.name));
  const rest = unmoved.length - names.length;
  return `Nothing matters for ${plural(unmoved.length, 'service')} with ${formatSize(pages, geometry)}: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

/** Commands that put drop-ins in force, and those that take them away; both as root. */
export function dropInCommands(dropIns: readonly DropIn[]): {
  readonly set: string[];
  readonly back: string[];
} {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/'));
  const reload = [
    ...(dropIns.some(({ isOfUser }) => !isOfUser) ? ['systemctl daemon-reload'] : []),
    ...dropIns
      .filter(({ isOfUser }) => !isOfUser)
      // A template has no instance of its own name: all that run are meant.
      .map(({ unit }) => shellCommand(['systemctl', 'try-restart', unit.replace('@.', '@*.')])),
    ...(dropIns.some(({ isOfUser }) => isOfUser)
      ? ['# of users: each says systemctl --user daemon-reload, and restarts the service']
      : []),
  ];
  return {
    set: [
      ...dropIns.flatMap(({ path, lines }) => [
        shellCommand(['mkdir', '-p', folder(path)]),
        `printf '${lines.join('\\n')}\\n' > ${shellCommand([path])}`,
      ]),
      ...reload,
    ],
    back: [...dropIns.map(({ path }) => shellCommand(['rm', path])), ...reload],
  };
}

/**
 * What programs of services that matter can do by themselves, each once; what runtimes and allocators can,
 * where a service grows beyond its part whose programs are not known.
 */
export function switchLines({ plan }: PlanView): string[] {
  const matter = plan.services.filter((each) => each.matters);
  const known = new Set(matter.flatMap(({ service }) => service.commands.flatMap(switchesOf)));
  const isUnknown = matter.some(
    (each) => isBeyond(each) && each.service.commands.every((command) => switchesOf(command).length === 0),
  );
  return [...known, ...(isUnknown ? RUNTIME_SWITCHES : [])].map(
    ({ program, says, source }) => `${program}: ${says} (${source})`,
  );
}

/** What the plan comes to against the advice without exceptions: a sentence; undefined where it has none. */
export function insteadLine(
  { plan }: PlanView,
  { advice, memory }: Pick<AdviceView, 'advice' | 'memory'>,
): string | undefined {
  if (!plan.services.some(({ optOut }) => optOut)) return undefined;
  const { worth } = advice.advised;
  const entries = (value: number | undefined) => (value === undefined ? '?' : grouped(Math.round(value)));
  const breaks =
    advice.leave && advice.inForce?.keepsBudget === false ? ' That breaks the budget, and' : ' That';
  return `Without exceptions: ${adviceLine(advice, memory.geometry)}${breaks} needs ${entries(worth.tlbEntries)} TLB entries, ${entries(worth.restart?.tlbEntries)} after a restart, against ${entries(plan.tlbEntries)} and ${entries(plan.restartTlbEntries)}.`;
}

type Worth = PlannedService['worth'];

function entriesAt(worth: Worth): number {
  return worth.restart?.tlbEntries ?? worth.tlbEntries;
}

function growthOf(worth: Worth) {
  return { now: worth.growthPages, restart: worth.restart?.growthPages ?? 0 };
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
