import type { MemoryThpWord } from './opt-out-ways.ts';
import type { ServicePlan } from './service-plan.ts';

/** A file of systemd that adds to a unit: systemd.unit(5). */
export interface DropIn {
  readonly path: string;
  /** The unit it is about: a template stands for all its instances. */
  readonly unit: string;
  readonly isOfUser: boolean;
  /** What it says of MemoryTHP=. */
  readonly word: MemoryThpWord;
  readonly lines: readonly string[];
}

/** The drop-ins that make the services of a plan opt out. */
export function dropInsOf({ services }: Pick<ServicePlan, 'services'>): DropIn[] {
  return services.flatMap(({ service: { service }, optOut }) => {
    if (!optOut || service.name === undefined) return [];
    const isOfUser = service.kind === 'user-unit';
    return {
      path: `/etc/systemd/${isOfUser ? 'user' : 'system'}/${service.name}.d/50-thp.conf`,
      unit: service.name,
      isOfUser,
      word: optOut.word,
      lines: ['[Service]', `MemoryTHP=${optOut.word}`],
    };
  });
}
