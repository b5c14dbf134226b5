"""What Ceilometer's compute agent says of domains: its own discovery, inspector and pollsters over given libvirt XML.

  identity.py < domains.json > resources.json

Standard input: a list of {"xml", "state" (libvirt's number), "labels" (nova's server metadata)}, of the host compute-1.
Standard output, one per domain: null where discovery passes over it, else the resources of its samples,
{"instance", "disks", "nics"}, each {"id", "user_id", "project_id", "metadata"}; of disks and nics by device name.

Only libvirt's connection and nova's client are stood in for.
"""
import json
import sys
import types
from unittest import mock

from lxml import etree

from ceilometer import service
from ceilometer.compute import discovery
from ceilometer.compute.pollsters import disk, instance_stats, net
from ceilometer.compute.virt.libvirt import inspector as libvirt_inspector
from ceilometer.compute.virt.libvirt import utils as libvirt_utils

HOST = 'compute-1'
STATS = (0,) * 8


class LibvirtError(Exception):
    """libvirt.libvirtError, as far as it is asked."""

    def get_error_code(self):
        return libvirt_utils.libvirt.VIR_ERR_NO_DOMAIN_METADATA

    def get_error_domain(self):
        return 0


class Domain:
    """A virDomain: its XML, and nova's metadata as libvirt hands it out, without namespaces."""

    def __init__(self, given):
        self.given = given
        self.tree = etree.fromstring(given['xml'])

    def UUIDString(self):
        return self.tree.findtext('uuid')

    def name(self):
        return self.tree.findtext('name')

    def state(self):
        return [self.given['state'], 0]

    def info(self):
        return [self.given['state'], 0, 0, 1, 0]

    def XMLDesc(self, flags=0):
        return self.given['xml']

    def metadata(self, kind, namespace):
        found = self.tree.find('metadata/{%s}instance' % namespace)
        if found is None:
            raise LibvirtError()
        for element in found.iter('*'):
            element.tag = etree.QName(element).localname
        return etree.tostring(found).decode()

    def interfaceStats(self, name):
        return STATS


def resource(sample):
    return {
        'id': sample.resource_id,
        'user_id': sample.user_id,
        'project_id': sample.project_id,
        'metadata': sample.resource_metadata,
    }


def resources(conf, domain, instance):
    inspector = libvirt_inspector.LibvirtInspector(conf)
    inspector._get_domain_not_shut_off_or_raise = lambda _: domain
    devices = [target.get('dev') for target in domain.tree.findall('devices/disk[source]/target')]
    cpu = types.SimpleNamespace(cpu_time=1, cpu_number=2)

    def sample(pollster, stats):
        made = pollster.__new__(pollster)
        made.conf = conf
        return resource(made._stats_to_sample(instance, stats, 0))

    return {
        'instance': sample(instance_stats.CPUPollster, cpu),
        'disks': {
            device: sample(disk.PerDeviceReadBytesPollster, types.SimpleNamespace(device=device, read_bytes=1))
            for device in devices
        },
        'nics': {
            vnic.name: sample(net.IncomingBytesPollster, vnic) for vnic in inspector.inspect_vnics(instance, None)
        },
    }


def main():
    conf = service.prepare_service(['ceilometer-polling'], [])
    conf.set_override('host', HOST)
    connection = types.SimpleNamespace(isAlive=lambda: True)
    libvirt_utils.libvirt = types.SimpleNamespace(
        libvirtError=LibvirtError,
        VIR_DOMAIN_METADATA_ELEMENT=2,
        VIR_ERR_NO_DOMAIN_METADATA=80,
        openReadOnly=lambda uri: connection,
    )
    libvirt_inspector.libvirt = libvirt_utils.libvirt
    out = []
    for given in json.load(sys.stdin):
        domain = Domain(given)
        connection.listAllDomains = lambda: [domain]
        with mock.patch('ceilometer.nova_client.Client'):
            found = discovery.InstanceDiscovery(conf)
        server = types.SimpleNamespace(metadata=given.get('labels', {}), flavor={'id': None})
        found.get_server = lambda uuid: server
        found.get_flavor_id = lambda name: None
        instances = found.discover(None)
        out.append(resources(conf, domain, instances[0]) if instances else None)
    json.dump(out, sys.stdout)


if __name__ == '__main__':
    main()
