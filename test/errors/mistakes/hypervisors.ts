import { CHECK, type Mistake, type Place, type Section } from '../mistake.ts';

type Words = string | ((place: Place) => string | Promise<string>);

const libvirt = (
  title: string,
  entry: Words,
  what: string,
  where: string,
  remedy: string,
  needs: Mistake['needs'] = [],
): Mistake => ({
  title: `libvirt: ${title}`,
  needs,
  yaml: async (place) =>
    `connectors: [{ name: kvm1, type: libvirt, uri: ${typeof entry === 'string' ? entry : await entry(place)} }]`,
  words: CHECK,
  code: 69,
  told: `✗ libvirt kvm1: ${what}`,
  where,
  remedy,
});

const vsphere = (
  title: string,
  entry: Words,
  what: string,
  where: string,
  remedy: string,
  needs: Mistake['needs'] = [],
): Mistake => ({
  title: `vSphere: ${title}`,
  needs,
  yaml: async (place) =>
    `connectors: [{ name: vc1, type: vsphere, username: u, url: ${typeof entry === 'string' ? entry : await entry(place)} }]`,
  words: CHECK,
  code: 69,
  told: `✗ vsphere vc1: ${what}`,
  where,
  remedy,
});

const AT = 'https://127.0.0.1:18989';
const NOBODY = 'https://127.0.0.1:1: nobody listens there: start it, or check the port';

export const HYPERVISORS: Section = {
  title: 'Hypervisors',
  about:
    'As `hypermeter check` tells it, and `poll` with its address; a collector goes on with the others, and says it in its log and in /status.json.',
  mistakes: [
    libvirt(
      'nobody listens there',
      '"qemu+tcp://127.0.0.1:1/system"',
      'cannot connect to 127.0.0.1:1: nothing listens there; is libvirtd (or virtproxyd) running, with this transport on?',
      '127.0.0.1:1',
      'is libvirtd (or virtproxyd) running, with this transport on?',
    ),
    libvirt(
      'a socket that is not there',
      '"qemu+unix:///system?socket=/nowhere/sock"',
      'cannot connect to /nowhere/sock: there is no such socket; is libvirtd (or the modular daemon) running?',
      '/nowhere/sock',
      'is libvirtd (or the modular daemon) running?',
    ),
    libvirt(
      'no certificates',
      ({ folder }) => `"qemu+tls://localhost:16514/system?pkipath=${folder}"`,
      'cannot read the CA certificate FOLDER/cacert.pem: put it there, or name its place: caFile, certFile, keyFile, or ?pkipath=DIRECTORY',
      'FOLDER/cacert.pem',
      'put it there, or name its place',
    ),
    libvirt(
      'no TLS to a port with it',
      '"qemu+tcp://127.0.0.1:16514/system"',
      'the connection to 127.0.0.1:16514 was lost: …; a TLS port (16514) takes qemu+tls://, and another server is no libvirtd',
      '127.0.0.1:16514',
      'a TLS port (16514) takes qemu+tls://',
      ['libvirt'],
    ),
    libvirt(
      'another server',
      '"qemu+tcp://127.0.0.1:18989/system"',
      'the connection to 127.0.0.1:18989 was lost: …; a TLS port (16514) takes qemu+tls://, and another server is no libvirtd',
      '127.0.0.1:18989',
      'another server is no libvirtd',
      ['vcsim'],
    ),
    libvirt(
      'another server, which keeps silent',
      '"qemu+tcp://127.0.0.1:19092/system"',
      'connecting did not end within 5 s: no answer to AUTH_LIST from 127.0.0.1:19092 in time; it has said nothing yet: is it a libvirt daemon, and is that well?',
      '127.0.0.1:19092',
      'is it a libvirt daemon, and is that well?',
      ['kafka'],
    ),
    libvirt(
      'a certificate that has expired',
      async ({ tls, tlsServer }) =>
        `"qemu+tls://localhost:${await tlsServer('expired')}/system", tls: { caFile: ${tls}/ca.crt }`,
      "localhost:PORT: the daemon's certificate has expired; renew it",
      'localhost:PORT',
      'renew it',
      ['libvirt'],
    ),
    libvirt(
      'a certificate for another name',
      async ({ tls, tlsServer }) =>
        `"qemu+tls://localhost:${await tlsServer('another name')}/system", tls: { caFile: ${tls}/ca.crt }`,
      "localhost:PORT: the daemon's certificate is for another name than localhost: …; use a name that it has in the uri",
      'localhost:PORT',
      'use a name that it has in the uri',
      ['libvirt'],
    ),
    libvirt(
      'a driver that the daemon has not',
      '"xen+tcp://127.0.0.1:16509/system"',
      'the daemon has no driver for xen:///system: …; check the beginning of the uri (qemu, lxc, xen), or install the driver',
      'xen:///system',
      'check the beginning of the uri (qemu, lxc, xen)',
      ['libvirt'],
    ),
    libvirt(
      'a path that is none',
      '"qemu+tcp://127.0.0.1:16509/sytem"',
      'the daemon refuses qemu:///sytem: …try qemu:///system',
      'qemu:///sytem',
      'try qemu:///system',
      ['libvirt'],
    ),
    vsphere(
      'nobody listens there',
      '"https://127.0.0.1:1/sdk", password: p',
      NOBODY,
      'https://127.0.0.1:1',
      'start it, or check the port',
    ),
    vsphere(
      'a host that is none',
      '"https://vc1.invalid/sdk", password: p',
      'https://vc1.invalid: no such host: check the name and the DNS',
      'https://vc1.invalid',
      'check the name and the DNS',
    ),
    vsphere(
      'a wrong password',
      `"${AT}/sdk", password: hunter2, tls: { verify: false }`,
      `${AT} refuses: InvalidLogin: … (check username and password)`,
      AT,
      'check username and password',
      ['vcsim'],
    ),
    vsphere(
      'a certificate of its own',
      `"${AT}/sdk", password: p`,
      `${AT}: its certificate is signed by nobody that is known here: name the CA in tls.caFile, or its certificate in tls.thumbprint`,
      AT,
      'name the CA in tls.caFile, or its certificate in tls.thumbprint',
      ['vcsim'],
    ),
    vsphere(
      'another thumbprint',
      `"${AT}/sdk", password: p, tls: { thumbprint: "${'AB:'.repeat(31)}AB" }`,
      `${AT}: its certificate has the SHA-256 thumbprint …, not the one of tls.thumbprint: if that is the right machine, write the new one there`,
      AT,
      'if that is the right machine, write the new one there',
      ['vcsim'],
    ),
    vsphere(
      'http to a port with TLS',
      '"http://127.0.0.1:18989/sdk", password: p',
      'http://127.0.0.1:18989 answers with HTTP status 400: a TLS port needs https://',
      'http://127.0.0.1:18989',
      'a TLS port needs https://',
      ['vcsim'],
    ),
    vsphere(
      'another path',
      `"${AT}/nothing", password: p, tls: { verify: false }`,
      `${AT} answers with HTTP status 404: there is no vSphere API at that path: check the url`,
      AT,
      'check the url',
      ['vcsim'],
    ),
    vsphere(
      'a certificate that has expired',
      async ({ tls, tlsServer }) =>
        `"https://localhost:${await tlsServer('expired')}/sdk", password: p, tls: { caFile: ${tls}/ca.crt }`,
      'https://localhost:PORT: its certificate has expired: renew it, or set the clock',
      'https://localhost:PORT',
      'renew it, or set the clock',
      ['kafka'],
    ),
    vsphere(
      'a certificate for another name',
      async ({ tls, tlsServer }) =>
        `"https://localhost:${await tlsServer('another name')}/sdk", password: p, tls: { caFile: ${tls}/ca.crt }`,
      'https://localhost:PORT: its certificate is for another name: use that name in the url',
      'https://localhost:PORT',
      'use that name in the url',
      ['kafka'],
    ),
    vsphere(
      'a CA file that is not there',
      '"https://127.0.0.1:1/sdk", password: p, tls: { caFile: /nowhere.pem }',
      'cannot read tls.caFile /nowhere.pem: check its path and permissions',
      'tls.caFile /nowhere.pem',
      'check its path and permissions',
    ),
    {
      title: 'XenAPI: nobody listens there',
      yaml: 'connectors: [{ name: pool1, type: xenapi, url: "https://127.0.0.1:1", username: root, password: p }]',
      words: CHECK,
      code: 69,
      told: `✗ xenapi pool1: ${NOBODY}`,
      where: 'https://127.0.0.1:1',
      remedy: 'start it, or check the port',
    },
    {
      title: 'Hyper-V: nobody listens there',
      yaml: 'connectors: [{ name: hv1, type: hyperv, url: "https://127.0.0.1:1", username: u, password: p }]',
      words: CHECK,
      code: 69,
      told: `✗ hyperv hv1: ${NOBODY}`,
      where: 'https://127.0.0.1:1',
      remedy: 'start it, or check the port',
    },
    {
      title: 'Proxmox VE: a token in the place of a user',
      yaml: 'connectors: [{ name: pve1, type: proxmox, url: "https://127.0.0.1:1", username: "u@pve!t", password: p }]',
      words: CHECK,
      code: 78,
      told: 'FILE:1:81: connectors[0].username: is no user with its realm such as metering@pve, got "u@pve!t"',
      where: 'FILE:1:81: connectors[0].username',
      remedy: 'such as metering@pve',
    },
  ],
};
