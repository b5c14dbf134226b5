"""Plays a session with proxmoxer and prints what it saw: session.py HOST PORT CA_FILE TOKEN_ID SECRET USER PASSWORD"""

import json
import sys

from proxmoxer import ProxmoxAPI
from proxmoxer.core import AuthenticationError, ResourceException

host, port, ca, token_id, secret, user, password = sys.argv[1:]
token_user, token_name = token_id.split("!")
at = {"host": host, "port": int(port), "verify_ssl": ca, "timeout": 10}


def refused(call):
    try:
        call()
    except ResourceException as error:
        return [error.status_code, str(error.content)]
    except AuthenticationError as error:
        return ["authentication", str(error)[:24]]
    return None


api = ProxmoxAPI(user=token_user, token_name=token_name, token_value=secret, **at)
named = ProxmoxAPI(user=user, password=password, **at)
seen = {
    "release": api.version.get()["release"],
    "cluster": [[e["type"], e["name"]] for e in api.cluster.status.get()],
    "types": sorted({e["type"] for e in api.cluster.resources.get()}),
    "guests": api.cluster.resources.get(type="vm"),
    "nodes": sorted(e["node"] for e in named.nodes.get()),
    "qemu": api.nodes("pve1").qemu.get(),
    "lxc": api.nodes("pve2").lxc.get(),
    "permissions": api.access.permissions.get(),
    "ticket": [named.cluster.resources.get(type="vm") == api.cluster.resources.get(type="vm"), bool(named.get_tokens()[1])],
    "wrong token": refused(
        ProxmoxAPI(user=token_user, token_name=token_name, token_value="wrong", **at).version.get
    ),
    "wrong password": refused(lambda: ProxmoxAPI(user=user, password="wrong", **at)),
    "no such call": refused(api.nonsense.get),
    "no such type": refused(lambda: api.cluster.resources.get(type="nonsense")),
}
print(json.dumps(seen))
