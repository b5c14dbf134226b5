import type { Flavor, Identity } from '../../avro/snapshot.ts';

type Owner = Pick<
  Identity,
  'name' | 'projectId' | 'projectName' | 'userId' | 'userName' | 'imageId' | 'flavor' | 'imageMetadata'
>;

/**
 * Who owns a VM of nova's: its vmwareapi driver writes lines of `key:value` into the VM's note (nova
 * virt/vmwareapi/vmops.py, _get_instance_metadata): name, userid, username, projectid, projectname, flavor:name,
 * flavor:memory_mb, flavor:vcpus, flavor:ephemeral_gb, flavor:root_gb, flavor:swap, imageid, package. An absent value is
 * `None` there. Null: the note is none of nova's.
 */
export function readNovaAnnotation(annotation: string | null): Owner | null {
  const lines = new Map<string, string>();
  for (const line of annotation?.split(/\r?\n/) ?? []) {
    const [, key, value] = /^((?:flavor:)?[a-z_]+):(.*)$/s.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !lines.has(key)) lines.set(key, value);
  }
  if (!lines.has('projectid') || !lines.has('package')) return null;
  const text = (key: string): string | null => {
    const value = lines.get(key)?.trim();
    return value === undefined || value === '' || value === 'None' ? null : value;
  };
  const imageId = text('imageid');
  return {
    name: text('name'),
    projectId: text('projectid'),
    projectName: text('projectname'),
    userId: text('userid'),
    userName: text('username'),
    imageId,
    imageMetadata: imageId === null ? {} : { base_image_ref: imageId },
    flavor: flavorOf(text),
  };
}

function flavorOf(text: (key: string) => string | null): Flavor | null {
  const number = (key: string): number | null => {
    const value = text(`flavor:${key}`);
    return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
  };
  const name = text('flavor:name');
  if (name === null) return null;
  const root = number('root_gb');
  const ephemeral = number('ephemeral_gb');
  return {
    id: null,
    name,
    vcpus: number('vcpus'),
    memory: number('memory_mb'),
    disk: root === null || ephemeral === null ? root : root + ephemeral,
    ephemeral,
    swap: number('swap'),
    extraSpecs: {},
  };
}
