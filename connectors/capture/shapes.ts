/** Forms that a text may have to be kept where its field is known to hold such a thing. None of them can hold a name. */
export const isWhole = (text: string): boolean => /^-?\d{1,20}$/.test(text);

/** As `%0.15g` prints it, and the words that stand for none. */
export const isNumber = (text: string): boolean =>
  /^\s*[+-]?(?:(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[+-]?\d{1,4})?|nan|inf(?:inity)?)\s*$/i.test(text);

export const isBoolean = (text: string): boolean => /^(?:true|false|0|1)$/.test(text);

/** ISO 8601 in the long form and in XenAPI's short one; WMI's own form; a plain number of seconds. */
export const isTime = (text: string): boolean =>
  /^(?:-?\d{4}-?\d\d-?\d\dT\d\d:?\d\d:?\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\d{14}\.\d{6}[+-]\d{3}|\d{1,12}(?:\.\d{1,9})?)$/.test(
    text,
  );

/** A word of an API: the value of an enumeration, a type with or without its prefix, a field. */
export const isWord = (text: string): boolean => /^(?:[A-Za-z]\w{0,19}:)?[A-Za-z]\w{0,63}$/.test(text);

/** `event.from`, `Login` */
export const isMethod = (text: string): boolean => /^[A-Za-z]\w{0,63}(?:\.[A-Za-z]\w{0,63})?$/.test(text);

/** `config.hardware.numCPU`, `config.extraConfig["nvp.vm-uuid"]` */
export const isPropertyPath = (text: string): boolean =>
  /^[a-z][A-Za-z]{0,40}(?:\.[a-z][A-Za-z]{0,40}){0,8}(?:\["[a-z][a-z.-]{0,40}"\])?$/.test(text);

/** A product's name or version, of which only the product's makers decide. */
export const isVersion = (text: string): boolean => /^[A-Za-z0-9][\w.,+~() -]{0,99}$/.test(text);

/** `group.name.rollup` */
export const isCounter = (text: string): boolean => /^\w{1,40}\.\w{1,60}\.\w{1,20}$/.test(text);

/** With hyphens or without, as the connectors read it. */
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => UUID.test(text);

/** Of zeros only: it stands for none. */
export const isNil = (text: string): boolean => /^[0-]+$/.test(text);

export const isMac = (text: string): boolean => /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text);

/** A device as hypervisors name them: `vmnic0`, `scsi0:1`, `xvda`, `4000`. */
export const isDevice = (text: string): boolean =>
  /^(?:\*|\d{1,5}|(?:vmnic|vmk|eth|bond|xenbr|xapi|vlan|eno|ens|em)\d{1,4}|enp\d{1,3}s\d{1,3}(?:f\d{1,2})?|vif_\d{1,5}|(?:xvd|hd|sd|vd)[a-z]{1,2}\d{0,2}|(?:scsi|sata|ide|nvme)\d{1,2}:\d{1,3})$/.test(
    text,
  );

/** A reference to a managed object that is a number in disguise: `vm-123`, `group-d1`, `ha-host`, on an ESXi host `12`. */
export const isReference = (text: string): boolean =>
  /^(?:\d{1,9}|(?:vm|host|group|datacenter|domain|resgroup|resourcepool|network|datastore|dvportgroup|dvs|task)-[a-z]?\d{1,10}|ha-(?:host|datacenter|folder-(?:root|vm|host|datastore|network)|root-pool|compute-res))$/.test(
    text,
  );
