import type { Section } from '../mistake.ts';

const usage = (title: string, words: readonly string[], told: string, where: string, remedy: string) => ({
  title,
  words,
  code: 64,
  told,
  where,
  remedy,
});

export const COMMAND_LINE: Section = {
  title: 'The command line',
  about: 'Exit code 64, and nothing on standard output.',
  mistakes: [
    usage(
      'A command that is misspelt',
      ['chekc'],
      "error: unknown command 'chekc'\n(Did you mean check?)\nsee: hypermeter --help",
      "'chekc'",
      'Did you mean check?',
    ),
    usage(
      'An option that is misspelt',
      ['check', '--timeuot', '3s'],
      "error: unknown option '--timeuot'\n(Did you mean --timeout?)\nsee: hypermeter check --help",
      "'--timeuot'",
      'Did you mean --timeout?',
    ),
    usage(
      'An argument that is missing',
      ['explain', '-c', 'hypermeter.yaml'],
      "error: missing required argument 'meter'\nsee: hypermeter explain --help",
      "'meter'",
      'hypermeter explain --help',
    ),
    usage(
      'A setting that is misspelt',
      ['config', 'print', '--set', 'colector.interval=5s'],
      '--set colector.interval: unknown key "colector"; did you mean "collector"?',
      '--set colector.interval',
      'did you mean "collector"?',
    ),
    usage(
      'An address that no connector takes',
      ['poll', 'kvm1'],
      'error: no connector takes the address "kvm1"; those that take one: libvirt, vsphere, xenapi, hyperv, proxmox',
      '"kvm1"',
      'those that take one: libvirt',
    ),
    usage(
      'A transport that is none',
      ['poll', 'qemu+tpc://kvm1/system'],
      'error: the address qemu+tpc://… does not do:\n  uri: unknown transport tpc (unix, tcp, tls, ssh), got "qemu+tpc://kvm1/system"',
      'qemu+tpc://',
      '(unix, tcp, tls, ssh)',
    ),
    usage(
      'A replay that would publish',
      ['replay', 'raw.avro'],
      'error: a replay publishes nothing: say --dry-run, and it prints what would come out (-o json: as a file sink does)',
      'replay',
      'say --dry-run',
    ),
    usage(
      'Nothing to replay',
      ['replay', '--dry-run'],
      'error: give Avro files of Snapshots, or with --since how far back to read the raw topic',
      'Avro files of Snapshots',
      'or with --since',
    ),
    usage(
      'The broker of another process',
      ['tap', 'raw', '--since', '1h'],
      "error: an embedded broker lives in another process: name its address with --set 'kafka.brokers=[127.0.0.1:PORT]', which its log tells at the start, or give the configuration of a cluster with -c",
      'an embedded broker',
      'name its address with --set',
    ),
  ].map((mistake) => (mistake.told.startsWith('--set') ? { ...mistake, code: 78 } : mistake)),
};
