import type { Flavor, Identity } from '../../avro/snapshot.ts';
import { attribute, child, type Element, textOf } from './xml-element.ts';

/** What nova writes into a domain's metadata; 1.1 since Xena, 1.0 before. The parts used here are the same. */
const NAMESPACES = ['http://openstack.org/xmlns/libvirt/nova/1.1', 'http://openstack.org/xmlns/libvirt/nova/1.0'];

type NovaIdentity = Pick<
  Identity,
  'name' | 'projectId' | 'projectName' | 'userId' | 'userName' | 'imageId' | 'createdAt' | 'flavor' | 'imageMetadata'
>;

/** Nova's part of an identity, from a domain's `<metadata>`; undefined if the instance is not nova's. */
export function readNovaMetadata(metadata: Element | undefined): NovaIdentity | undefined {
  const instance = NAMESPACES.map((namespace) =>
    metadata?.children.find((element) => element.name === 'instance' && element.namespace === namespace),
  ).find((element) => element !== undefined);
  if (!instance) return undefined;
  const owner = child(instance, 'owner');
  const project = child(owner, 'project');
  const user = child(owner, 'user');
  const root = child(instance, 'root');
  return {
    name: textOf(child(instance, 'name')),
    projectId: attribute(project, 'uuid'),
    projectName: textOf(project),
    userId: attribute(user, 'uuid'),
    userName: textOf(user),
    imageId: attribute(root, 'type') === 'image' ? attribute(root, 'uuid') : null,
    createdAt: readTime(textOf(child(instance, 'creationTime'))),
    flavor: readFlavor(child(instance, 'flavor')),
    imageMetadata: readImage(child(instance, 'image')),
  };
}

/** Where nova has what glance tells of an image, since 2025.2: element and glance's name. */
const IMAGE_FIELDS = [
  ['containerFormat', 'container_format'],
  ['diskFormat', 'disk_format'],
  ['minDisk', 'min_disk'],
  ['minRam', 'min_ram'],
] as const;

/** The image's properties may have any name, and then win over its fields, as in Ceilometer. */
function readImage(image: Element | undefined): Readonly<Record<string, string>> {
  const properties = child(image, 'properties')?.children ?? [];
  const found: readonly (readonly [string, string | null])[] = [
    ['base_image_ref', attribute(image, 'uuid')],
    ...IMAGE_FIELDS.map(([element, name]) => [name, textOf(child(image, element))] as const),
    ...properties.flatMap((property) => {
      const name = attribute(property, 'name');
      return name === null ? [] : [[name, textOf(property)] as const];
    }),
  ];
  return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== null));
}

/** Its id and extra specs are there since 2025.2 only. */
function readFlavor(flavor: Element | undefined): Flavor | null {
  if (!flavor) return null;
  const specs = child(flavor, 'extraSpecs')?.children ?? [];
  const number = (name: string): number | null => readNumber(textOf(child(flavor, name)));
  return {
    id: attribute(flavor, 'id'),
    name: attribute(flavor, 'name'),
    vcpus: number('vcpus'),
    memory: number('memory'),
    disk: number('disk'),
    ephemeral: number('ephemeral'),
    swap: number('swap'),
    extraSpecs: Object.fromEntries(
      specs.flatMap((spec) => {
        const name = attribute(spec, 'name');
        return name === null ? [] : [[name, spec.text.trim()]];
      }),
    ),
  };
}

const readNumber = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;

/** `2026-03-08 10:00:00`, which is UTC, in microseconds. */
function readTime(text: string | null): number | null {
  if (text === null || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms * 1000;
}
