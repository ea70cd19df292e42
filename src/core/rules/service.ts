/** What runs a process, as far as the path of its control group says: docs/services.md. */
export interface Service {
  /**
   * - unit: a unit of the system's systemd; user-unit: one of a user's
   * - inner-unit: a unit of a systemd in a container
   * - container; pod: a container of a pod, or what belongs to the pod itself
   * - group: any other control group
   */
  readonly kind: 'unit' | 'user-unit' | 'inner-unit' | 'container' | 'pod' | 'group';
  /** The same for all its instances; undefined where the path has only ids, or nothing. */
  readonly name: string | undefined;
  /** Of a container without a name: its id, or that of the pod; undefined otherwise. */
  readonly id: string | undefined;
}

const UUID = '[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}';
/** Ids of containers are 64 digits; those of AWS Fargate 32 and a number. */
const CONTAINER_ID = '[0-9a-f]{64}|[0-9a-f]{32}-[0-9]+';
/** "docker-ID.scope", "crio-ID", "libpod-payload-ID", or the id alone. */
const CONTAINER = new RegExp(`^(?:([a-z][a-z-]*)-)?(${CONTAINER_ID})(?:\\.scope)?$`);
/** "podUID", alone or after its ancestors ("kubepods-burstable-podUID.slice"); a hash for static pods. */
const POD = new RegExp(`^(?:.*-)?pod(${UUID}|[0-9a-f]{32})(?:\\.slice)?$`);
/** Where runtime and kubelet disagree about who manages groups: "….slice:cri-containerd:ID". */
const SLICE_RUNTIME_ID = /\.slice:([a-z-]+):([0-9a-f]{64})/g;
const UNIT = /^(.+)\.(service|scope)$/;

/**
 * The service that a control group belongs to. The path is that of the memory controller (version 1) or of
 * the unified hierarchy, as /proc/PID/cgroup has it.
 */
export function serviceOf(cgroup: string): Service {
  const path = cgroup.replace(/ \(deleted\)$/, '').replaceAll(SLICE_RUNTIME_ID, '.slice/$1-$2');
  const segments = path.split('/').filter((each) => each !== '' && each !== '..');
  let service: Service | undefined;
  let isOfUser = false;
  for (const [at, segment] of segments.entries()) {
    const container = containerOf(segment, segments[at - 1]);
    if (container) {
      // Podman within the group of a unit (--cgroups=split, which Quadlet uses): the unit says more.
      if (service?.kind.endsWith('unit') && segment.startsWith('libpod-payload-')) return service;
      service = service?.kind === 'pod' ? { ...container, kind: 'pod' } : container;
    } else service = podOf(segment) ?? unitOf(segment, service, isOfUser) ?? service;
    isOfUser ||= segment.startsWith('user@');
  }
  return service ?? { kind: 'group', name: groupName(segments), id: undefined };
}

function podOf(segment: string): Service | undefined {
  const id = POD.exec(segment)?.[1].replaceAll('_', '-');
  return id === undefined ? undefined : { kind: 'pod', name: undefined, id };
}

/** The container that a group is: by its id, or by its name where the manager has names. */
function containerOf(segment: string, parent: string | undefined): Service | undefined {
  const [, runtime, id] = CONTAINER.exec(segment) ?? [];
  // The monitor of a container is no part of it.
  if (id !== undefined && !runtime?.endsWith('conmon')) return { kind: 'container', name: undefined, id };
  const machine = /^(?:systemd-nspawn@(.+)\.service|machine-(.+)\.scope)$/.exec(segment);
  const name =
    machine?.[1] ?? machine?.[2] ?? (parent === 'lxc' ? segment : /^lxc\.payload\.(.+)$/.exec(segment)?.[1]);
  return name === undefined ? undefined : { kind: 'container', name: unescaped(name), id: undefined };
}

function unitOf(segment: string, around: Service | undefined, isOfUser: boolean): Service | undefined {
  const [, stem, type] = UNIT.exec(segment) ?? [];
  if (stem === undefined) return undefined;
  const isInside = around && ['container', 'pod', 'inner-unit'].includes(around.kind);
  const kind = isInside ? 'inner-unit' : isOfUser ? 'user-unit' : 'unit';
  return { kind, name: unitName(stem, type), id: undefined };
}

/**
 * The name that all instances of a unit share: "getty@.service" of "getty@tty1.service", "session.scope" of
 * "session-3.scope"; undefined for what systemd-run made, which has only a number.
 */
function unitName(stem: string, type: string): string | undefined {
  if (/^run-(?:[ur]?[0-9a-f]+|p\d+-i\d+)$/.test(stem)) return undefined;
  const named = stem.replace(new RegExp(`^${UUID}\\.|[-.](?:${UUID}|[0-9a-f]{32,})$`, 'g'), '');
  // Services end in a number for a reason (postgresql-15); scopes have the pid or a counter there.
  const counted = type === 'scope' ? named.replace(/-(?:c?\d+|[0-9a-f]{8})$/, '') : named;
  return `${counted.replace(/@.+$/, '@')}.${type}`;
}

/** The path with `*` for ids; undefined for the root group and for slices, which hold anything. */
function groupName(segments: readonly string[]): string | undefined {
  if (segments.every((segment) => segment.endsWith('.slice'))) return undefined;
  const ids = new RegExp(`${UUID}|[0-9a-f]{32,}`, 'g');
  return `/${segments.map((segment) => segment.replace(ids, '*')).join('/')}`;
}

/** The escapes of systemd in names that are no paths: "\x2d" for "-". */
function unescaped(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A process as far as it decides what its service is called. */
interface ServiceMember {
  readonly cgroup: string;
  readonly command: string;
  readonly residentPages: number;
}

/**
 * What people call the service of each process: one name, one service. Where the path of a container has only
 * ids it is called by the command of that process in it that holds most memory, so that a thousand pods of
 * one program are one service; likewise what has no group of its own.
 */
export function serviceNames(members: readonly ServiceMember[]): string[] {
  const services = members.map(({ cgroup }) => serviceOf(cgroup));
  const largest = new Map<string, ServiceMember>();
  for (const [at, { id }] of services.entries()) {
    const known = id === undefined ? undefined : largest.get(id);
    if (id !== undefined && (!known || known.residentPages < members[at].residentPages))
      largest.set(id, members[at]);
  }
  return services.map((service, at) => {
    const main = service.id === undefined ? undefined : largest.get(service.id);
    return serviceName(service, (main ?? members[at]).command);
  });
}

const NAME_ENDINGS: Record<Service['kind'], string> = {
  unit: '',
  'user-unit': ' of users',
  'inner-unit': ' in containers',
  container: ' in containers',
  pod: ' in pods',
  group: '',
};

function serviceName({ kind, name }: Service, command: string): string {
  if (kind === 'container' && name !== undefined) return `container ${name}`;
  if (kind.endsWith('unit') && name === undefined) return `${command} in units of systemd-run`;
  return `${name ?? command}${NAME_ENDINGS[kind]}`;
}
