/** What a vCenter answers, in its real shape, made up. */

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACES =
  'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

export const envelope = (body: string): string =>
  `${HEAD}<soapenv:Envelope ${NAMESPACES}>\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`;

export const answer = (method: string, content: string): string =>
  envelope(`<${method}Response xmlns="urn:vim25">${content}</${method}Response>`);

export const fault = (name: string, inner = '', text = ''): string =>
  envelope(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${text}</faultstring>` +
      `<detail><${name}Fault xmlns="urn:vim25" xsi:type="${name}">${inner}</${name}Fault></detail></soapenv:Fault>`,
  );

/** Ids that are none of a vCenter's usual ones. */
export const SERVICE = `<returnval><rootFolder type="Folder">group-d7</rootFolder><propertyCollector type="PropertyCollector">pc-7</propertyCollector><viewManager type="ViewManager">vm-7</viewManager><about><name>VMware vCenter Server</name><fullName>VMware vCenter Server 8.0.2 build-1</fullName><apiType>VirtualCenter</apiType><apiVersion>8.0.2.0</apiVersion><instanceUuid>5dd9a6a4-0000-4000-8000-000000000007</instanceUuid></about><sessionManager type="SessionManager">sm-7</sessionManager><perfManager type="PerformanceManager">perf-7</perfManager></returnval>`;

/** Counters with ids of this server only. */
export const COUNTERS: Readonly<Record<string, number>> = {
  'cpu.usage.average': 9002,
  'cpu.used.summation': 9014,
  'cpu.ready.summation': 9012,
  'mem.consumed.average': 9098,
  'mem.swapinRate.average': 9085,
  'mem.swapoutRate.average': 9086,
  'mem.active.average': 9033,
  'net.bytesRx.average': 9462,
  'net.bytesTx.average': 9463,
  'net.packetsRx.summation': 9146,
  'net.packetsTx.summation': 9147,
  'net.droppedRx.summation': 9460,
  'net.droppedTx.summation': 9461,
  'net.errorsRx.summation': 9468,
  'net.errorsTx.summation': 9469,
  'virtualDisk.read.average': 9173,
  'virtualDisk.write.average': 9174,
  'virtualDisk.numberReadAveraged.average': 9171,
  'virtualDisk.numberWriteAveraged.average': 9172,
};

export const counterTable = (counters: Readonly<Record<string, number>> = COUNTERS): string =>
  `<returnval><objects><obj type="PerformanceManager">perf-7</obj><propSet><name>perfCounter</name><val xsi:type="ArrayOfPerfCounterInfo">${Object.entries(
    counters,
  )
    .map(([name, id]) => {
      const [group, counter, rollup] = name.split('.');
      return `<PerfCounterInfo xsi:type="PerfCounterInfo"><key>${id}</key><nameInfo><label>x</label><summary>x</summary><key>${counter}</key></nameInfo><groupInfo><label>x</label><summary>x</summary><key>${group}</key></groupInfo><unitInfo><label>x</label><summary>x</summary><key>number</key></unitInfo><rollupType>${rollup}</rollupType><statsType>delta</statsType><level>1</level><perDeviceLevel>3</perDeviceLevel></PerfCounterInfo>`;
    })
    .join('')}</val></propSet></objects></returnval>`;

const value = (type: string, text: string): string => `<val xsi:type="${type}">${text}</val>`;
export const property = (name: string, val: string): string =>
  `<changeSet><name>${name.replaceAll('"', '&quot;')}</name><op>assign</op>${val}</changeSet>`;
export const text = (name: string, content: string): string => property(name, value('xsd:string', content));

/** One SCSI controller, a disk on it, a nic. */
export const devices = (mac: string): string =>
  property(
    'config.hardware.device',
    `<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualPCIController"><key>100</key><busNumber>0</busNumber><device>4000</device></VirtualDevice><VirtualDevice xsi:type="ParaVirtualSCSIController"><key>1000</key><deviceInfo><label>SCSI controller 0</label><summary>x</summary></deviceInfo><busNumber>0</busNumber><device>2000</device><sharedBus>noSharing</sharedBus></VirtualDevice><VirtualDevice xsi:type="VirtualDisk"><key>2000</key><deviceInfo><label>Hard disk 1</label><summary>x</summary></deviceInfo><backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName>[ds1] vm/disk.vmdk</fileName><uuid>6000C29d-1</uuid></backing><controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>10485760</capacityInKB><capacityInBytes>10737418240</capacityInBytes></VirtualDevice><VirtualDevice xsi:type="VirtualVmxnet3"><key>4000</key><deviceInfo><label>Network adapter 1</label><summary>net-a</summary></deviceInfo><backing xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>net-a</deviceName></backing><controllerKey>100</controllerKey><unitNumber>7</unitNumber><addressType>assigned</addressType><macAddress>${mac}</macAddress></VirtualDevice></val>`,
  );

export const uuidText = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export interface VmWords {
  readonly kind?: 'enter' | 'modify' | 'leave';
  readonly name?: string;
  readonly uuid?: string;
  readonly power?: string;
  readonly connection?: string;
  readonly template?: boolean;
  readonly more?: string;
}

/** `vm-<number>` as it enters. */
export const vmUpdate = (number: number, words: VmWords = {}): string =>
  `<objectSet><kind>${words.kind ?? 'enter'}</kind><obj type="VirtualMachine">vm-${number}</obj>` +
  text('name', words.name ?? `web-${number}`) +
  text('config.instanceUuid', words.uuid ?? uuidText(number)) +
  property('config.template', value('xsd:boolean', String(words.template ?? false))) +
  property('config.hardware.numCPU', value('xsd:int', '2')) +
  property('config.hardware.memoryMB', value('xsd:int', '2048')) +
  devices(`00:50:56:AA:00:${String(number % 100).padStart(2, '0')}`) +
  text('runtime.powerState', words.power ?? 'poweredOn') +
  text('runtime.connectionState', words.connection ?? 'connected') +
  property('runtime.host', '<val type="HostSystem" xsi:type="ManagedObjectReference">host-1</val>') +
  property('runtime.bootTime', value('xsd:dateTime', '2026-01-01T00:00:00Z')) +
  `${words.more ?? ''}</objectSet>`;

export const hostUpdate = (number: number): string =>
  `<objectSet><kind>enter</kind><obj type="HostSystem">host-${number}</obj>` +
  text('name', `esx${number}`) +
  text('hardware.systemInfo.uuid', `00000000-0000-4000-9000-${String(number).padStart(12, '0')}`) +
  property('summary.hardware.numCpuThreads', value('xsd:short', '16')) +
  property('summary.hardware.memorySize', value('xsd:long', '68719476736')) +
  text('runtime.connectionState', 'connected') +
  text('runtime.powerState', 'poweredOn') +
  '</objectSet>';

export const leave = (number: number): string =>
  `<objectSet><kind>leave</kind><obj type="VirtualMachine">vm-${number}</obj></objectSet>`;

export const updateSet = (version: string, objects: string, truncated = false): string =>
  `<returnval><version>${version}</version><filterSet><filter type="PropertyFilter">f-1</filter>${objects}</filterSet>${truncated ? '<truncated>true</truncated>' : ''}</returnval>`;
