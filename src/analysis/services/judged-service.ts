import { sum } from '../../core/base/sum.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { SizeWord } from '../../core/rules/settings-words.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { countedEntries, countedGrowth, measuresOf, type PolicyBudget } from '../advice/choose-policy.ts';
import { tightGroups } from '../advice/group-room.ts';
import type { GrowthKind } from '../advice/growth-kinds.ts';
import { type MemoryDigest, machinePages } from '../digest/memory-digest.ts';
import { memoryTlbEntries, type PolicyWorth, policyWorthOf } from '../digest/policy-worth.ts';
import { type MemoryThpWord, memoryThpWords, type ServiceManager } from './opt-out-ways.ts';
import type { Growth, ServiceStake } from './opt-outs.ts';
import type { ServiceMemory } from './service-memory.ts';

/** Services with less than this part of the memory do not opt out: an exception costs attention. */
const SMALLEST_SHARE = 0.001;
/** Parts of all TLB entries and of all memory below which a service does not matter. */
const MATTERS = 0.001;

/** A service under the settings of a plan. */
export interface PlannedService {
  readonly service: ServiceMemory;
  /** What it comes to if nothing keeps it from the settings. */
  readonly worth: PolicyWorth;
  /** Undefined where it does not opt out. */
  readonly optOut: OptOut | undefined;
  /** Whether its control groups have no room for what the settings would make of it. */
  readonly hasNoRoom: boolean;
  /** Pages of growth that are its part of the budget. */
  readonly sharePages: number;
  /** Whether the plan moves more than a thousandth of all TLB entries or of all memory for it. */
  readonly matters: boolean;
}

/** How a service opts out, and what it comes to then, once it has started again. */
interface OptOut {
  readonly word: MemoryThpWord;
  readonly worth: PolicyWorth;
}

/** A service under settings, with and without. */
export interface JudgedService {
  readonly planned: PlannedService;
  readonly stake: ServiceStake;
  /** What opting out would be; undefined where nothing does it. */
  readonly optOut: OptOut | undefined;
}

/** What services of some memory are judged by. */
export interface JudgeOfServices {
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  readonly budget: PolicyBudget;
  readonly manager: ServiceManager;
}

/** What settings make of a service, and what it would be without them. */
export function judgeService(
  { memory, model, budget, manager }: JudgeOfServices,
  service: ServiceMemory,
  settings: ThpSettings,
): JudgedService {
  const { query } = service;
  const worth = policyWorthOf(query, settings, model);
  // A share of the budget, which is of the machine.
  const part = machinePages(query.memory) / Math.max(1, machinePages(memory));
  const sharePages = budget.growthPages * part;
  const hasNoRoom = tightGroups(service.groups, settings, model, budget.growth).length > 0;
  const words = part < SMALLEST_SHARE && !hasNoRoom ? [] : memoryThpWords(service, manager);
  const optOut = words
    .map((word): OptOut => ({ word, worth: optedOut(service, settings, model, word) }))
    // Who never asks for huge pages needs no exception from the exception.
    .filter(({ word }) => word === 'disable' || asksForHugePages(service))
    .find(({ word, worth: without }) => word === 'disable' || growthIn(without, budget.growth) <= sharePages);
  const saved = optOut ? entriesIn(optOut.worth, budget.growth) - entriesIn(worth, budget.growth) : 0;
  return {
    planned: {
      service,
      worth,
      optOut: undefined,
      hasNoRoom,
      sharePages,
      matters: moves(service, worth, memory),
    },
    optOut,
    stake: {
      savedEntries: saved,
      growth: growthOfWorth(worth, budget.growth),
      growthWithout: optOut ? growthOfWorth(optOut.worth, budget.growth) : { now: 0, restart: 0 },
      sharePages,
      canOptOut: optOut !== undefined,
      hasNoRoom,
    },
  };
}

function moves({ query }: ServiceMemory, worth: PolicyWorth, all: MemoryDigest): boolean {
  const entries = memoryTlbEntries(query.memory);
  const after = [worth.tlbEntries, worth.restart?.tlbEntries ?? worth.tlbEntries];
  const moved = Math.max(...after.map((each) => Math.abs(each - entries)));
  const grown = Math.max(worth.growthPages, worth.restart?.growthPages ?? 0);
  return moved > MATTERS * memoryTlbEntries(all) || grown > MATTERS * machinePages(all);
}

/**
 * A service that opted out: once it has started again, for no drop-in reaches what runs. Under `disable` it
 * has small pages alone; under `madvise` the sizes reach what it asked for.
 */
function optedOut(
  { query }: ServiceMemory,
  settings: ThpSettings,
  model: KernelModel,
  word: MemoryThpWord,
): PolicyWorth {
  const worth = policyWorthOf(query, word === 'disable' ? noSizes(settings) : forAdvised(settings), model);
  return { ...worth, tlbEntries: worth.restart?.tlbEntries ?? worth.tlbEntries };
}

function noSizes(settings: ThpSettings): ThpSettings {
  return { ...settings, enabled: 'never', sizes: new Map() };
}

/** The settings as memory with MADV_HUGEPAGE sees them, and no other. */
function forAdvised(settings: ThpSettings): ThpSettings {
  const narrowed = (word: SizeWord): SizeWord => (word === 'always' ? 'madvise' : word);
  return {
    ...settings,
    enabled: settings.enabled === 'always' ? 'madvise' : settings.enabled,
    sizes: new Map([...settings.sizes].map(([order, word]) => [order, narrowed(word)])),
  };
}

function asksForHugePages({ query: { memory } }: ServiceMemory): boolean {
  const { table, apart } = memory.classes.hugepage;
  return table.rows.size > 0 || apart.size > 0 || sum(memory.restart?.hugepage.touched ?? []) > 0;
}

function entriesIn(worth: PolicyWorth, growth: GrowthKind): number {
  return countedEntries(measuresOf(worth), growth);
}

function growthIn(worth: PolicyWorth, growth: GrowthKind): number {
  return countedGrowth(measuresOf(worth), growth);
}

function growthOfWorth(worth: PolicyWorth, growth: GrowthKind): Growth {
  return {
    now: growth === 'restart' ? 0 : worth.growthPages,
    restart: growth === 'now' ? 0 : (worth.restart?.growthPages ?? 0),
  };
}
