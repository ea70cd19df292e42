import { describe, expect, test } from 'vitest';
import { type Service, serviceNames, serviceOf } from '../../../src/core/rules/service.ts';

/**
 * Paths with where people reported them; those that name no repository follow the manual of what makes them.
 */
const RECORDED: Record<string, readonly [source: string, path: string, service: Partial<Service>][]> = {
  systemd: [
    ['systemd.slice(5)', '/system.slice/redis.service', { kind: 'unit', name: 'redis.service' }],
    ['kontena/pharos-cluster#440', '/system.slice', { kind: 'group', name: undefined }],
    [
      'a getty',
      '/system.slice/system-getty.slice/getty@tty1.service',
      { kind: 'unit', name: 'getty@.service' },
    ],
    [
      'Debian, postgresql-common',
      '/system.slice/system-postgresql.slice/postgresql@15-main.service',
      { kind: 'unit', name: 'postgresql@.service' },
    ],
    ['PGDG, RPM', '/system.slice/postgresql-15.service', { kind: 'unit', name: 'postgresql-15.service' }],
    ['PID 1', '/init.scope', { kind: 'unit', name: 'init.scope' }],
    [
      'podman-container-tools/podman#14851',
      '/user.slice/user-1000.slice/session-3.scope',
      { kind: 'unit', name: 'session.scope' },
    ],
    [
      'netdata/netdata#1178, the session',
      '/user.slice/user-0.slice/session-c112.scope',
      { kind: 'unit', name: 'session.scope' },
    ],
    [
      'alumet-dev/alumet#463',
      '/user.slice/user-1049.slice/user@1049.service/app.slice/dbus-broker.service',
      { kind: 'user-unit', name: 'dbus-broker.service' },
    ],
    [
      'podman-container-tools/podman#20910',
      '/user.slice/user-10000.slice/user@10000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-f22f14d2-3d44-4304-9879-3fdd0df7b08e.scope',
      { kind: 'user-unit', name: 'vte-spawn.scope' },
    ],
    [
      'systemd.io/DESKTOP_ENVIRONMENTS',
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.gnome.Evince-3513.scope',
      { kind: 'user-unit', name: 'app-gnome-org.gnome.Evince.scope' },
    ],
    ['systemd-run', '/system.slice/run-u17.service', { kind: 'unit', name: undefined }],
    [
      'systemd-run --scope',
      '/system.slice/run-r0f3d9c5e8b2a4f0f9d6a1b3c5d7e9f01.scope',
      { kind: 'unit', name: undefined },
    ],
    ['a removed group', '/system.slice/redis.service (deleted)', { kind: 'unit', name: 'redis.service' }],
    [
      'a delegated group',
      '/system.slice/podman.service/supervisor',
      { kind: 'unit', name: 'podman.service' },
    ],
  ],
  docker: [
    [
      'neuvector/neuvector, cgroup_test.go, cgroupfs without parent',
      '/4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970',
      { kind: 'container', id: '4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970' },
    ],
    [
      'neuvector/neuvector, cgroup_test.go, systemd',
      '/system.slice/docker-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope',
      { kind: 'container', id: '9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d' },
    ],
    [
      'kubernetes/minikube#11280, the node',
      '/docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22',
      { kind: 'container', id: 'd6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22' },
    ],
    [
      'a unit of systemd in it',
      '/docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22/system.slice/kubelet.service',
      { kind: 'inner-unit', name: 'kubelet.service' },
    ],
  ],
  podman: [
    [
      'podman-container-tools/podman#15686',
      '/machine.slice/libpod-5d476e3704141d03c898fa0d7f81e688c2c64caa5d66fa2b50433ea884b6fdf3.scope/container',
      { kind: 'container', id: '5d476e3704141d03c898fa0d7f81e688c2c64caa5d66fa2b50433ea884b6fdf3' },
    ],
    [
      'podman-container-tools/podman#13673, a pod',
      '/machine.slice/machine-libpod_pod_ddf44d54b520f0b4469fcd01c3155ca49e6911dc2175471eb3a7b789187a7a89.slice/libpod-1dadda571b14eefb3158a15d0fff7e0089f9dd92f922679ed0116cccdfe8bb0f.scope/container',
      { kind: 'container', id: '1dadda571b14eefb3158a15d0fff7e0089f9dd92f922679ed0116cccdfe8bb0f' },
    ],
    [
      'podman-container-tools/podman#16589, Quadlet',
      '/system.slice/quadlet-minimal.service/libpod-payload-91c57c2ae87a8d57123bbb3083b3e158b911c4fd485da131f636f83f979b092c',
      { kind: 'unit', name: 'quadlet-minimal.service', id: undefined },
    ],
    [
      'podman-container-tools/podman#13673, --cgroups=split',
      '/srv.slice/container-homeassistant.service/runtime',
      { kind: 'unit', name: 'container-homeassistant.service' },
    ],
    [
      'containers/crun#376, podman unshare',
      '/user.slice/user-1000.slice/user@1000.service/user.slice/podman-6696.scope',
      { kind: 'user-unit', name: 'podman.scope' },
    ],
    [
      'alumet-dev/alumet#463, the pause process',
      '/user.slice/user-1049.slice/user@1049.service/user.slice/podman-pause-23c87985.scope',
      { kind: 'user-unit', name: 'podman-pause.scope' },
    ],
  ],
  kubernetes: [
    [
      'netdata/netdata#4868, containerd, systemd',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod03f3f104_3215_44f2_9686_d4dd1f05a7ed.slice/cri-containerd-09d185410c4e25236cc24717f881589bb0978b24eafd101624e627a4dd8d3439.scope',
      { kind: 'pod', id: '09d185410c4e25236cc24717f881589bb0978b24eafd101624e627a4dd8d3439' },
    ],
    [
      'netdata/netdata#4868, a static pod',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod187bff14cccb94f179e943eacce55bb3.slice',
      { kind: 'pod', id: '187bff14cccb94f179e943eacce55bb3' },
    ],
    [
      'opencontainers/runc#4620, CRI-O, systemd, version 1',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda5c1f8d5_1919_434d_add7_4afaafdaef89.slice/crio-5eed917563583925ffdbd40a64efb2aaffe58638e57add8becaf460fe74f5b1c.scope',
      { kind: 'pod', id: '5eed917563583925ffdbd40a64efb2aaffe58638e57add8becaf460fe74f5b1c' },
    ],
    [
      'the monitor of a container of CRI-O',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b7632a2_a56e_4278_987a_22de18008dbe.slice/crio-conmon-0bc5eac79e3ae7a0c2651f14722aa10fa333eb2325c2ca97da33aa284cda81b0.scope',
      { kind: 'inner-unit', name: 'crio-conmon.scope' },
    ],
    [
      'kontena/pharos-cluster#440, Docker, besteffort',
      '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod9692aa0e_748e_11e8_8dfa_76d458035df6.slice/docker-abddff03dfd7710c79a750ce3e730365cbb2c8247a974170c1062683bc3e9152.scope',
      { kind: 'pod', id: 'abddff03dfd7710c79a750ce3e730365cbb2c8247a974170c1062683bc3e9152' },
    ],
    [
      'containerd/containerd#4857, cgroupfs',
      '/kubepods/burstable/pod89f4f2cb511c3b0b7e5272cff5ec37bf/823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945',
      { kind: 'pod', id: '823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945' },
    ],
    [
      'a guaranteed pod, cgroupfs',
      '/kubepods/pod5f399c1a-f9fc-11e8-bf65-246e9659ebfc/9170559b8aadd07d99978d9460cf8d1c71552f3c64fefc7e9906ab3fb7e18f69',
      { kind: 'pod', id: '9170559b8aadd07d99978d9460cf8d1c71552f3c64fefc7e9906ab3fb7e18f69' },
    ],
    [
      'kubernetes/kubernetes#106514, kubelet and containerd disagree',
      '/system.slice/containerd.service/kubepods-burstable-pod36b6d6be73b1065af369b3985edafa09.slice:cri-containerd:79fedb3bd23ca77c9d9ccb41909038316f713df22b54b7d942b71d3812e7c74e',
      { kind: 'pod', id: '79fedb3bd23ca77c9d9ccb41909038316f713df22b54b7d942b71d3812e7c74e' },
    ],
    [
      'kubernetes/kubernetes#36807, kubelet and Docker disagree',
      '/system.slice/docker.service/BestEffort.slice/BestEffort-pod0d33f94b_ab1a_11e6_9e1a_68f7281d8004.slice/0c34bcd7d02f321d0df7aa6ea703285b02abebc9096c5128c14091fc43ea1f3b',
      { kind: 'pod', id: '0c34bcd7d02f321d0df7aa6ea703285b02abebc9096c5128c14091fc43ea1f3b' },
    ],
    [
      'containerd/nri#227, kind',
      '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-a09bc17f5aa29b0dbdec9ede5f46cf1396d2405917ab02e6f1eb1019f388396e.scope',
      { kind: 'pod', id: 'a09bc17f5aa29b0dbdec9ede5f46cf1396d2405917ab02e6f1eb1019f388396e' },
    ],
  ],
  'other managers': [
    ['netdata/netdata#1178, LXC', '/lxc/mysql', { kind: 'container', name: 'mysql' }],
    [
      'netdata/netdata#1178, a unit in it',
      '/lxc/php/system.slice/systemd-update-utmp.service',
      { kind: 'inner-unit', name: 'systemd-update-utmp.service' },
    ],
    ['lxc/lxc#2782', '/lxc.payload.web/init.scope', { kind: 'inner-unit', name: 'init.scope' }],
    [
      'libvirt',
      '/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope/libvirt/emulator',
      { kind: 'container', name: 'qemu-1-debian' },
    ],
    [
      'Nomad',
      '/nomad.slice/share.slice/8b41e29d-5d0b-6bcd-b8a5-2e0f1d3f9a77.redis.scope',
      { kind: 'unit', name: 'redis.scope' },
    ],
    [
      'AWS ECS, the task and the container',
      '/ecs/55091c13-b8cf-4801-b527-f4601742204d/432624d2150b349fe35ba397284dea788c2bf66b885d14dfc1569b01890ca7da',
      { kind: 'container', id: '432624d2150b349fe35ba397284dea788c2bf66b885d14dfc1569b01890ca7da' },
    ],
    [
      'the machine of these tests',
      '/process_api/d092e50148a576ea90930f9c35e7d14e',
      { kind: 'group', name: '/process_api/*' },
    ],
    ['no systemd, or a namespace of control groups', '/', { kind: 'group', name: undefined }],
    ['another namespace', '/../../system.slice/cron.service', { kind: 'unit', name: 'cron.service' }],
  ],
};

describe.each(Object.entries(RECORDED))('%s', (_, paths) => {
  test.each(paths)('%s: %s', (_source, path, service) => {
    expect(serviceOf(path)).toMatchObject(service);
  });
});

const member = (cgroup: string, command: string, residentPages = 1) => ({ cgroup, command, residentPages });
const pod = (digit: string) =>
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${digit.repeat(8)}_0000_0000_0000_000000000000.slice/cri-containerd-${digit.repeat(64)}.scope`;

test('pods of one program are one service, called by what holds most memory in each', () => {
  const members = [
    member(pod('1'), 'sh', 10),
    member(pod('1'), 'java', 1000),
    member(pod('2'), 'java', 900),
    member(pod('2'), 'jcmd', 5),
    member(pod('3'), 'envoy', 50),
  ];
  expect(serviceNames(members)).toEqual([
    'java in pods',
    'java in pods',
    'java in pods',
    'java in pods',
    'envoy in pods',
  ]);
});

test('units of the system, of users and in containers are not taken for one another', () => {
  const names = serviceNames([
    member('/system.slice/dbus-broker.service', 'dbus-broker'),
    member('/user.slice/user-1.slice/user@1.service/session.slice/dbus-broker.service', 'dbus-broker'),
    member('/lxc/php/system.slice/dbus-broker.service', 'dbus-broker'),
  ]);
  expect(new Set(names).size).toBe(3);
  expect(names).toEqual([
    'dbus-broker.service',
    'dbus-broker.service of users',
    'dbus-broker.service in containers',
  ]);
});

test('what has no group of its own is called by its command', () => {
  expect(
    serviceNames([
      member('/', 'redis-server'),
      member('/system.slice/run-u17.service', 'node'),
      member('/lxc/mysql', 'mysqld'),
    ]),
  ).toEqual(['redis-server', 'node in units of systemd-run', 'container mysql']);
});
